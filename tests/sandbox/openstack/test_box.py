"""A real OpenStack as its tenants meet it, asked with OpenStack's own SDK."""

from __future__ import annotations

import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from hdh_infra.errors import CloudError
from hdh_infra.sandbox import openstack

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK warns of itself
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIlNkjZZ7nQKqFvCJVqXvwm8e2sVgNWfQq0L0WfVhUQw test"


@pytest.mark.parametrize("which", ["private", "public"])
def test_a_tenant_finds_exactly_what_is_its_own(openstack_box: Any, which: str) -> None:
    tenant = getattr(openstack_box, which)
    conn = openstack_box.connect(tenant)
    assert sorted(one.name for one in conn.compute.flavors()) == sorted(one.name for one in tenant.flavors)
    assert sorted(one.name for one in conn.image.images()) == sorted(one.name for one in tenant.images)
    kinds = {one.name for one in conn.block_storage.types()} - {"__DEFAULT__"}
    assert kinds == {one.name for one in tenant.volume_types}
    external = list(conn.network.networks(is_router_external=True))
    assert [one.name for one in external] == [tenant.external_network]
    assert list(conn.network.networks()) == external
    for image in tenant.images:
        (found,) = conn.image.images(name=image.name)
        assert found.status == "active"


def test_an_image_keeps_its_properties_and_limits(openstack_box: Any) -> None:
    (image,) = openstack_box.connect(openstack_box.private).image.images(name="Debian 12")
    assert image.os_distro == "debian"
    assert image.min_disk == 3
    assert image.disk_format == "qcow2"


@pytest.mark.parametrize("which", ["private", "public"])
def test_every_service_is_registered_in_the_tenants_region(openstack_box: Any, which: str) -> None:
    tenant = getattr(openstack_box, which)
    conn = openstack_box.connect(tenant)
    for kind in ("identity", "network", "image", "compute", "block-storage", "volumev3", "key-manager", "placement"):
        url = conn.session.get_endpoint(service_type=kind, interface="public", region_name=tenant.region)
        assert url is not None, kind
        assert url.startswith("http://127.0.0.1:"), kind


def test_tenants_do_not_see_each_others_resources(openstack_box: Any) -> None:
    one, other = openstack_box.connect(openstack_box.private), openstack_box.connect(openstack_box.public)
    network = one.network.create_network(name="of one")
    try:
        assert other.network.find_network("of one") is None
        foreign = next(other.network.networks(is_router_external=True))
        assert one.network.find_network(foreign.id) is None
    finally:
        one.network.delete_network(network)


def test_a_tenant_is_no_administrator(openstack_box: Any) -> None:
    conn = openstack_box.connect(openstack_box.private)
    answer = conn.compute.post("/flavors", json={"flavor": {"name": "own", "vcpus": 1, "ram": 1, "disk": 1}})
    assert answer.status_code == 403


def _secrets(conn: Any) -> set[str]:
    return {one["secret_ref"] for one in conn.key_manager.get("/secrets?limit=100").json()["secrets"]}


def _wait_gone(conn: Any, volume: Any) -> None:
    conn.block_storage.delete_volume(volume)
    conn.block_storage.wait_for_delete(volume, interval=0.2, wait=60)


@pytest.mark.parametrize("which", ["private", "public"])
def test_an_encrypted_volume_gets_a_key_that_goes_with_it(openstack_box: Any, which: str) -> None:
    tenant = getattr(openstack_box, which)
    conn = openstack_box.connect(tenant)
    before = _secrets(conn)
    volume = conn.block_storage.create_volume(name="secret", size=1, volume_type="luks")
    conn.block_storage.wait_for_status(volume, "available", interval=0.2, wait=60)
    volume = conn.block_storage.get_volume(volume)
    assert volume.is_encrypted
    (key,) = _secrets(conn) - before
    about = conn.session.get(key, headers={"Accept": "application/json"}).json()
    assert (about["algorithm"].lower(), about["bit_length"]) == ("aes", 256)
    _wait_gone(conn, volume)
    assert _secrets(conn) == before


def test_a_plain_volume_gets_no_key(openstack_box: Any) -> None:
    conn = openstack_box.connect(openstack_box.private)
    before = _secrets(conn)
    volume = conn.block_storage.create_volume(name="plain", size=1, volume_type="ssd")
    conn.block_storage.wait_for_status(volume, "available", interval=0.2, wait=60)
    assert not conn.block_storage.get_volume(volume).is_encrypted
    assert _secrets(conn) == before
    _wait_gone(conn, volume)


def test_a_key_order_becomes_active_and_its_secret_has_256_bits(openstack_box: Any) -> None:
    conn = openstack_box.connect(openstack_box.private)
    meta = {"name": "lake", "algorithm": "aes", "bit_length": 256, "mode": "cbc"}
    ref = conn.key_manager.post("/orders", json={"type": "key", "meta": meta}).json()["order_ref"]
    order = conn.session.get(ref).json()
    assert order["status"] == "ACTIVE"
    payload = conn.session.get(f"{order['secret_ref']}/payload", headers={"Accept": "application/octet-stream"})
    assert len(payload.content) * 8 == 256
    other = openstack_box.connect(openstack_box.public)
    assert other.session.get(order["secret_ref"], raise_exc=False).status_code in {403, 404}
    assert conn.session.delete(ref).status_code == 204
    assert conn.session.delete(order["secret_ref"]).status_code == 204


def _everything(conn: Any) -> dict[str, set[str]]:
    """What one tenant has, by kind: ids."""
    return {
        "servers": {one.id for one in conn.compute.servers()},
        "volumes": {one.id for one in conn.block_storage.volumes()},
        "keypairs": {one.name for one in conn.compute.keypairs()},
        "routers": {one.id for one in conn.network.routers()},
        "ports": {one.id for one in conn.network.ports()},
        "subnets": {one.id for one in conn.network.subnets()},
        "networks": {one.id for one in conn.network.networks()},
        "groups": {one.id for one in conn.network.security_groups()},  # Neutron makes the default one when asked
        "addresses": {one.id for one in conn.network.ips()},
        "secrets": _secrets(conn),
    }


def _settled(conn: Any, wanted: dict[str, set[str]]) -> dict[str, set[str]]:
    """What a tenant has once it has what is wanted, or after 30 s: a deleted server is listed a moment longer."""
    limit = time.monotonic() + 30
    while (found := _everything(conn)) != wanted and time.monotonic() < limit:
        time.sleep(0.3)
    return found


def test_a_server_boots_from_an_encrypted_volume_and_all_of_it_can_be_removed(openstack_box: Any) -> None:
    conn = openstack_box.connect(openstack_box.public)
    before = _everything(conn)
    (flavor,) = (one for one in conn.compute.flavors() if one.name == "b3-8")
    (image,) = conn.image.images(name="Debian 12")
    external = next(conn.network.networks(is_router_external=True))
    network = conn.network.create_network(name="lake")
    subnet = conn.network.create_subnet(network_id=network.id, cidr="10.64.0.0/24", ip_version=4)
    router = conn.network.create_router(name="lake", external_gateway_info={"network_id": external.id})
    conn.network.add_interface_to_router(router, subnet_id=subnet.id)
    group = conn.network.create_security_group(name="lake")
    for rule in group.security_group_rules:
        conn.network.delete_security_group_rule(rule["id"])
    conn.network.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        ether_type="IPv4",
        protocol="tcp",
        port_range_min=443,
        port_range_max=443,
        remote_ip_prefix="10.64.1.0/24",
    )
    assert len(conn.network.get_security_group(group).security_group_rules) == 1
    port = conn.network.create_port(
        network_id=network.id,
        security_groups=[group.id],
        fixed_ips=[{"subnet_id": subnet.id, "ip_address": "10.64.0.20"}],
    )
    pair = conn.compute.create_keypair(name="lake", public_key=PUBLIC_KEY)
    root = conn.block_storage.create_volume(name="root", size=5, image_id=image.id, volume_type="luks")
    data = conn.block_storage.create_volume(name="data", size=50, volume_type="luks")
    for volume in (root, data):
        conn.block_storage.wait_for_status(volume, "available", interval=0.2, wait=60)
    assert conn.block_storage.get_volume(root).is_bootable
    mapping = {"boot_index": 0, "uuid": root.id, "source_type": "volume", "destination_type": "volume"}
    server = conn.compute.create_server(
        name="spark",
        flavor_id=flavor.id,
        image_id="",
        block_device_mapping=[mapping],
        networks=[{"port": port.id}],
        key_name=pair.name,
    )
    server = conn.compute.wait_for_server(server, interval=0.2, wait=60)
    conn.compute.create_volume_attachment(server, volume_id=data.id)
    conn.block_storage.wait_for_status(data, "in-use", interval=0.2, wait=60)
    server = conn.compute.get_server(server)
    assert {one["id"] for one in server.attached_volumes} == {root.id, data.id}
    assert [one["addr"] for one in server.addresses["lake"]] == ["10.64.0.20"]
    assert conn.network.get_port(port).status == "ACTIVE"
    assert list(conn.network.ips()) == []
    assert len(_secrets(conn) - before["secrets"]) == 2

    conn.compute.delete_volume_attachment(server, data.id)
    conn.block_storage.wait_for_status(data, "available", interval=0.2, wait=60)
    conn.compute.delete_server(server)
    conn.compute.wait_for_delete(server, interval=0.2, wait=60)
    conn.block_storage.wait_for_status(root, "available", interval=0.2, wait=60)
    for volume in (root, data):
        _wait_gone(conn, volume)
    conn.compute.delete_keypair(pair)
    conn.network.delete_port(port)
    conn.network.remove_interface_from_router(router, subnet_id=subnet.id)
    conn.network.delete_router(router)
    conn.network.delete_security_group(group)
    conn.network.delete_network(network)
    assert _settled(conn, before) == before


def test_nova_makes_the_encrypted_root_disk_itself(openstack_box: Any) -> None:
    conn = openstack_box.connect(openstack_box.private)
    before = _everything(conn)
    (flavor,) = (one for one in conn.compute.flavors() if one.name == "m1.medium")
    (image,) = conn.image.images(name="Debian 12")
    network = conn.network.create_network(name="lake")
    subnet = conn.network.create_subnet(network_id=network.id, cidr="10.64.0.0/24", ip_version=4)
    mapping = {
        "boot_index": 0,
        "uuid": image.id,
        "source_type": "image",
        "destination_type": "volume",
        "volume_size": 10,
        "volume_type": "luks",
        "delete_on_termination": True,
    }
    body = {
        "server": {
            "name": "desktop",
            "flavorRef": flavor.id,
            "networks": [{"uuid": network.id}],
            "block_device_mapping_v2": [mapping],
        }
    }
    made = conn.compute.post("/servers", json=body, microversion="2.67").json()["server"]
    server = conn.compute.wait_for_server(conn.compute.get_server(made["id"]), interval=0.2, wait=60)
    (attached,) = server.attached_volumes
    assert conn.block_storage.get_volume(attached["id"]).is_encrypted
    conn.compute.delete_server(server)
    conn.compute.wait_for_delete(server, interval=0.2, wait=60)
    conn.network.delete_subnet(subnet)
    conn.network.delete_network(network)
    assert _settled(conn, before) == before


def test_what_a_box_holds_survives_a_restart_and_nothing_runs_in_between(openstack_box: Any) -> None:
    conn = openstack_box.connect(openstack_box.private)
    network = conn.network.create_network(name="kept")
    subnet = conn.network.create_subnet(network_id=network.id, cidr="10.65.0.0/24", ip_version=4)
    (flavor,) = (one for one in conn.compute.flavors() if one.name == "m1.medium")
    (image,) = conn.image.images(name="Debian 12")
    root = conn.block_storage.create_volume(name="kept", size=5, image_id=image.id, volume_type="luks")
    conn.block_storage.wait_for_status(root, "available", interval=0.2, wait=60)
    mapping = {"boot_index": 0, "uuid": root.id, "source_type": "volume", "destination_type": "volume"}
    server = conn.compute.create_server(
        name="kept",
        flavor_id=flavor.id,
        image_id="",
        block_device_mapping=[mapping],
        networks=[{"uuid": network.id}],
    )
    conn.compute.wait_for_server(server, interval=0.2, wait=60)
    environment = openstack.environment(openstack_box.directory, openstack_box.private.name)
    pids = [one.pid for one in openstack.status(openstack_box.directory).services]

    openstack.stop(openstack_box.directory)
    assert not any(psutil.pid_exists(pid) for pid in pids if pid is not None)
    assert not openstack.status(openstack_box.directory).running
    running = openstack_box.start()
    assert running.seconds < 60

    assert openstack.environment(openstack_box.directory, openstack_box.private.name) == environment
    conn = openstack_box.connect(openstack_box.private)
    assert conn.compute.get_server(server).status == "ACTIVE"
    conn.compute.delete_server(server)
    conn.compute.wait_for_delete(server, interval=0.2, wait=60)
    conn.block_storage.wait_for_status(root, "available", interval=0.2, wait=60)
    _wait_gone(conn, root)
    conn.network.delete_subnet(subnet)
    conn.network.delete_network(network)


def test_a_second_start_of_a_running_box_changes_nothing(openstack_box: Any) -> None:
    before = openstack.status(openstack_box.directory)
    running = openstack_box.start()
    after = openstack.status(openstack_box.directory)
    assert [one.pid for one in after.services] == [one.pid for one in before.services]
    assert running.seconds < 2


def test_a_tenants_first_requests_may_all_come_at_once(openstack_box: Any) -> None:
    """A plan's resources are made in parallel, and a service that sees a project for the first time writes it down."""
    tenant = openstack.Tenant(
        name="hurried",
        region="RegionOne",
        flavors=(),
        images=(openstack.Image("Debian 12"),),
        volume_types=(openstack.VolumeType("luks", encrypted=True),),
        external_network="public",
    )
    openstack.start(openstack_box.directory, [tenant], openstack_box.base_port, lambda _: None)
    conn = openstack_box.connect(tenant)
    for service in (conn.network, conn.block_storage, conn.image, conn.key_manager):
        service.get_endpoint_data()  # the SDK finds its endpoints before its threads share them
    (image,) = conn.image.images()

    def one(number: int) -> list[str]:
        network = conn.network.create_network(name=f"n{number}")
        subnet = conn.network.create_subnet(network_id=network.id, cidr=f"10.{number}.0.0/24", ip_version=4)
        group = conn.network.create_security_group(name=f"g{number}")
        port = conn.network.create_port(network_id=network.id, security_groups=[group.id])
        meta = {"name": f"k{number}", "algorithm": "aes", "bit_length": 256, "mode": "cbc"}
        ref = conn.key_manager.post("/orders", json={"type": "key", "meta": meta}).json()["order_ref"]
        volume = conn.block_storage.create_volume(name=f"v{number}", size=4, image_id=image.id, volume_type="luks")
        conn.block_storage.wait_for_status(volume, "available", interval=0.2, wait=60)
        order = conn.session.get(ref).json()
        _wait_gone(conn, volume)
        conn.network.delete_port(port)
        conn.network.delete_subnet(subnet)
        conn.network.delete_network(network)
        conn.network.delete_security_group(group)
        return [order["status"], order["secret_ref"]]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))
    assert [status for status, _ in answers] == ["ACTIVE"] * 8
    assert _secrets(conn) == {secret for _, secret in answers}
    locked = [
        path.name
        for path in (openstack_box.directory / "log").glob("*.log")
        if "database is locked" in path.read_text(errors="replace")
    ]
    assert locked == []


def test_a_tenant_whose_offer_grew_finds_the_rest_and_keeps_what_it_had(openstack_box: Any) -> None:
    small = openstack.Tenant(
        name="growing",
        region="SBG7",
        flavors=(openstack.Flavor("growing.one", 1, 1024, 0), openstack.Flavor("shared.size", 4, 8192, 0)),
        images=(),
        volume_types=(openstack.VolumeType("growing", encrypted=False),),
        external_network="Ext-Net",
    )
    openstack.start(openstack_box.directory, [small], openstack_box.base_port, lambda _: None)
    conn = openstack_box.connect(small)
    (before,) = (one for one in conn.compute.flavors() if one.name == "growing.one")
    external = next(conn.network.networks(is_router_external=True))

    grown = dataclasses.replace(
        small,
        flavors=(openstack.Flavor("growing.one", 2, 1024, 0), *small.flavors[1:]),
        images=(openstack.Image("Debian 12"),),
        volume_types=(openstack.VolumeType("growing", encrypted=True),),
    )
    openstack.start(openstack_box.directory, [grown], openstack_box.base_port, lambda _: None)
    flavors = {one.name: one for one in conn.compute.flavors()}
    assert (flavors["growing.one"].id, flavors["growing.one"].vcpus) == (before.id, 2)
    assert "shared.size" in flavors
    assert [one.name for one in conn.image.images()] == ["Debian 12"]
    assert [one.id for one in conn.network.networks(is_router_external=True)] == [external.id]
    volume = conn.block_storage.create_volume(name="now", size=1, volume_type="growing")
    conn.block_storage.wait_for_status(volume, "available", interval=0.2, wait=60)
    assert conn.block_storage.get_volume(volume).is_encrypted
    _wait_gone(conn, volume)
    assert "shared.size" in {one.name for one in openstack_box.connect(openstack_box.public).compute.flavors()}


def test_a_box_whose_service_died_says_so_and_comes_back_whole(openstack_box: Any) -> None:
    victim = next(one for one in openstack.status(openstack_box.directory).services if one.name == "glance")
    process = psutil.Process(victim.pid)
    process.kill()
    limit = time.monotonic() + 10
    while openstack.status(openstack_box.directory).running and time.monotonic() < limit:
        time.sleep(0.1)
    state = openstack.status(openstack_box.directory)
    assert not state.running
    assert str(state) == "does not answer: glance"
    openstack_box.start()
    assert openstack.status(openstack_box.directory).running
    assert len(list(openstack_box.connect(openstack_box.private).image.images())) == 1


def test_a_box_uses_less_memory_than_two_gigabytes(openstack_box: Any) -> None:
    state = openstack.status(openstack_box.directory)
    assert state.running
    assert 100 < state.memory_mib < 2048


def test_services_listen_on_this_machine_only(openstack_box: Any) -> None:
    pids = [one.pid for one in openstack.status(openstack_box.directory).services]
    listening = [
        one.laddr
        for pid in pids
        for one in psutil.Process(pid).net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    ]
    assert {one.ip for one in listening} == {"127.0.0.1"}
    assert {one.port for one in listening} == set(range(openstack_box.base_port, openstack_box.base_port + 7))


def test_a_box_is_not_started_on_ports_of_another(openstack_box: Any, tmp_path: Path) -> None:
    with pytest.raises(CloudError, match=rf"port {openstack_box.base_port},.*HDH_SANDBOX_PORT"):
        openstack.start(tmp_path / "other", [openstack_box.private], openstack_box.base_port, lambda _: None)


def test_passwords_stand_in_no_log_and_no_command_line(openstack_box: Any) -> None:
    secret = openstack.environment(openstack_box.directory, openstack_box.private.name)["OS_PASSWORD"]
    for log in (openstack_box.directory / "log").iterdir():
        assert secret not in log.read_text(errors="replace"), log
    for private in ("secrets.json", "tenants.json"):
        assert (openstack_box.directory / private).stat().st_mode & 0o077 == 0
