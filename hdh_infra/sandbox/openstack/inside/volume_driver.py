"""Cinder's own fake driver, plus images and encryption: no volume group, no qemu-img, no block device.

What the control plane does stays real: the image is fetched and inspected, the key is ordered in Barbican; only the
bytes of a volume do not exist.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cinder import exception
from cinder.image import image_utils
from cinder.tests import fake_driver
from oslo_utils import imageutils
from oslo_utils.imageutils import format_inspector


class BoxVolumeDriver(fake_driver.FakeLoggingVolumeDriver):
    """Volumes that exist for the control plane only."""

    def clone_image(self, *_arguments: Any) -> tuple[dict[str, Any], bool]:
        """A plain volume from an image is there at once."""
        return {}, True

    def copy_image_to_volume(self, *_arguments: Any, **_named: Any) -> None:
        """There is no device to write to."""

    def copy_image_to_encrypted_volume(self, *_arguments: Any, **_named: Any) -> None:
        """There is no device to encrypt; the volume's key is in Barbican by now."""

    def copy_volume_to_image(self, context: Any, _volume: Any, image_service: Any, image_meta: dict[str, Any]) -> None:
        """An image of one byte, so that it becomes active."""
        about = {"disk_format": image_meta.get("disk_format", "raw"), "container_format": "bare"}
        image_service.update(context, image_meta["id"], about, b"\0")


class _InPlace:
    """Stands for eventlet's thread pool, which needs a loop that threads of this process do not have."""

    @staticmethod
    def Proxy(wrapped: Any) -> Any:  # noqa: N802 - the name that is called
        return wrapped

    @staticmethod
    def execute(method: Any, *arguments: Any, **named: Any) -> Any:
        return method(*arguments, **named)


def install() -> None:
    """Let Cinder look into images without `qemu-img`, root rights or eventlet; before the volume service starts."""
    image_utils.tpool = _InPlace
    image_utils.qemu_img_info = _image_info


def _image_info(path: str, **_options: Any) -> imageutils.QemuImgInfo:
    """What `qemu-img info` says, found by OpenStack's own inspector of formats."""
    inspector = format_inspector.detect_file_format(path)
    if inspector is None:
        raise exception.Invalid(reason="the format of the image is not known")
    inspector.safety_check()
    facts = {
        "filename": path,
        "format": str(inspector),
        "virtual-size": inspector.virtual_size,
        "actual-size": Path(path).stat().st_size,
        "format-specific": {"data": {}},
    }
    return imageutils.QemuImgInfo(json.dumps(facts), format="json")
