"""What a box writes: secrets of its own, readable by its owner only; and how it refuses to start."""

from __future__ import annotations

import configparser
import json
import os
import socket
from pathlib import Path

import pytest

from hdh_infra.errors import CloudError
from hdh_infra.sandbox import openstack
from hdh_infra.sandbox.openstack import layout, packages, settings, supervision
from hdh_infra.sandbox.openstack.layout import Box, Secrets


@pytest.fixture
def written(tmp_path: Path) -> Box:
    """A box with its configuration, and no services."""
    environment = tmp_path / "environment"
    for service in ("barbican", "glance", "neutron", "cinder", "nova"):
        (environment / "venv/etc" / service).mkdir(parents=True)
        for name in ("api-paste.ini", f"{service}-api-paste.ini"):
            (environment / "venv/etc" / service / name).write_text("")
    box = Box(tmp_path / "box", 15160)
    layout.make_directories(box)
    Secrets.generate().write(box.directory)
    settings.write(box, environment)
    return box


def _configurations(box: Box) -> list[Path]:
    return [path for path in box.directory.rglob("*") if path.suffix == ".conf" or path.name == "ml2_conf.ini"]


def test_files_with_passwords_are_read_by_their_owner_only(written: Box) -> None:
    secret = written.secrets()
    holders = [path for path in written.directory.rglob("*") if path.is_file() and secret.service in path.read_text()]
    assert len(holders) >= 6
    for path in holders:
        assert path.stat().st_mode & 0o077 == 0, path
    assert written.directory.stat().st_mode & 0o077 == 0


def test_every_service_has_options_that_can_be_parsed(written: Box) -> None:
    found = _configurations(written)
    assert len(found) == 8
    for path in found:
        parser = configparser.RawConfigParser(strict=True)
        parser.read_string(path.read_text())
        assert parser.sections() or parser.defaults()


def test_no_option_names_an_address_outside_this_machine(written: Box) -> None:
    for path in _configurations(written):
        text = path.read_text()
        assert text.count("http://") == text.count("http://127.0.0.1:"), path
        assert "0.0.0.0" not in text


def test_services_of_a_box_have_ports_of_their_own() -> None:
    box = Box(Path("/x"), 15000)
    ports = [box.port(name) for name in layout.SERVICES]
    assert ports == list(range(15000, 15007))
    assert {box.endpoint(kind).split("/")[2] for kind in layout.ENDPOINTS} == {f"127.0.0.1:{port}" for port in ports}


def test_no_two_boxes_share_a_secret(tmp_path: Path) -> None:
    boxes = [Box(tmp_path / name, 15160) for name in ("one", "two")]
    keys: list[str] = []
    for box in boxes:
        layout.make_directories(box)
        layout.new_key_repositories(box)
        keys += [path.read_text() for path in (box.directory / "keystone").rglob("*") if path.is_file()]
        keys += vars(Secrets.generate()).values()
    assert len(set(keys)) == len(keys) == 2 * (4 + 3)


def test_what_is_shipped_names_no_place_to_download_from() -> None:
    lines = packages.PINS.read_text().splitlines()
    assert all("==" in line and "/" not in line for line in lines)
    names = {line.partition("==")[0] for line in lines}
    assert {"keystone", "nova", "neutron", "glance", "cinder", "openstack-placement", "barbican"} <= names


def test_a_taken_port_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "install", lambda _: tmp_path / "environment")
    monkeypatch.setattr("hdh_infra.sandbox.openstack.seeding.seed", lambda _: tmp_path / "seed")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 15163))
        other.listen()
        with pytest.raises(CloudError, match=r"port 15163 .*taken.*HDH_SANDBOX_PORT"):
            openstack.start(tmp_path / "box", [], 15160, lambda _: None)
    assert layout.saved(tmp_path / "box") is None


def test_databases_of_another_release_are_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "install", lambda _: tmp_path / "environment")
    monkeypatch.setattr("hdh_infra.sandbox.openstack.seeding.seed", lambda _: tmp_path / "seed")
    (tmp_path / "box").mkdir()
    Box(tmp_path / "box", 15160).save("another")
    before = sorted(tmp_path.rglob("*.sqlite"))
    with pytest.raises(CloudError, match="another release"):
        openstack.start(tmp_path / "box", [], 15160, lambda _: None)
    assert sorted(tmp_path.rglob("*.sqlite")) == before


def test_a_box_that_was_never_started_has_no_services_and_no_environment(tmp_path: Path) -> None:
    assert openstack.status(tmp_path).services == ()
    assert not openstack.status(tmp_path).running
    openstack.stop(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(CloudError, match="holds no OpenStack"):
        openstack.environment(tmp_path, "one")


def test_an_unknown_tenant_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    Box(tmp_path, 15160).save("release")
    known = {"one": {"password": "x", "project": "p", "made": {"region": "GRA11"}}}
    layout.write_private(tmp_path / "tenants.json", json.dumps(known))
    with pytest.raises(CloudError, match="no tenant two; there are: one"):
        openstack.environment(tmp_path, "two")
    assert openstack.environment(tmp_path, "one")["OS_REGION_NAME"] == "GRA11"


def test_a_process_that_only_has_the_number_of_a_supervisor_is_left_alone(tmp_path: Path) -> None:
    layout.write_private(tmp_path / "run" / "supervisor.json", json.dumps({"pid": os.getpid(), "created": 0}))
    assert supervision.supervisor(tmp_path) is None
    supervision.stop(tmp_path)
    assert not (tmp_path / "run" / "supervisor.json").exists()


def test_a_killed_installation_is_cleared_away_and_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDH_CACHE_DIR", str(tmp_path))
    calls: list[str] = []

    def killed(*words: str) -> None:
        if words[0] == "pip":
            raise KeyboardInterrupt

    monkeypatch.setattr(packages, "_uv", killed)
    with pytest.raises(KeyboardInterrupt):
        packages.install(lambda _: None)
    assert not (packages.home() / packages.pins_digest()).exists()
    (leftover,) = packages.home().glob("building-*")

    monkeypatch.setattr(packages, "_uv", lambda *words: calls.append(words[0]))
    monkeypatch.setattr(packages, "_compile", lambda *_: calls.append("compile"))
    made = packages.install(lambda _: None)
    assert made.is_dir()
    assert not leftover.exists()
    assert packages.install(lambda _: None) == made
    assert calls == ["venv", "pip", "compile"]


def test_packages_that_cannot_be_had_are_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HDH_CACHE_DIR", str(tmp_path))
    pins = tmp_path / "pins.txt"
    pins.write_text("keystone==0.0.0.999\n")
    monkeypatch.setattr(packages, "PINS", pins)
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(CloudError, match=r"cannot be installed.*keystone.*try again") as caught:
        packages.install(lambda _: None)
    assert caught.value.exit_code == 3
