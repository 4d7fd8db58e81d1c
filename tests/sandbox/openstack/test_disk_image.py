"""The image without content is a qcow2 that other programs accept."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from hdh_infra.sandbox.openstack.disk_image import GIB, empty_qcow2


@pytest.mark.parametrize("size", [1, GIB, 3 * GIB + 512])
def test_the_header_names_the_size_and_its_tables_lie_inside_the_file(size: int) -> None:
    image = empty_qcow2(size)
    magic, version, _, _, cluster_bits, virtual = struct.unpack(">4sIQIIQ", image[:32])
    assert (magic, version, virtual) == (b"QFI\xfb", 3, size)
    level_1_entries, level_1_at = struct.unpack(">IQ", image[36:48])
    cluster = 1 << cluster_bits
    assert level_1_entries * (cluster // 8) * cluster >= size
    assert level_1_at + level_1_entries * 8 <= len(image)
    assert len(image) % cluster == 0
    assert not any(image[level_1_at : level_1_at + level_1_entries * 8])


def test_every_cluster_of_the_file_is_counted_once() -> None:
    image = empty_qcow2(2 * GIB)
    cluster = 1 << struct.unpack(">I", image[20:24])[0]
    (table_at,) = struct.unpack(">Q", image[48:56])
    (block_at,) = struct.unpack(">Q", image[table_at : table_at + 8])
    counts = struct.unpack(f">{cluster // 2}H", image[block_at : block_at + cluster])
    assert list(counts) == [1] * (len(image) // cluster) + [0] * (cluster // 2 - len(image) // cluster)


def test_the_image_of_a_sandbox_is_a_few_kilobytes() -> None:
    assert len(empty_qcow2(2 * GIB)) <= 32 * 1024


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed")
def test_qemu_finds_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "disk.qcow2"
    path.write_bytes(empty_qcow2(2 * GIB))
    subprocess.run(["qemu-img", "check", str(path)], check=True, capture_output=True)
