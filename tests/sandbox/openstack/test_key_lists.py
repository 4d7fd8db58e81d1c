"""Who reads a key of a real Barbican: tried with the credentials of its maker, of a colleague, and of a reader elsewhere."""

from __future__ import annotations

import threading
import uuid
import warnings
from typing import Any

import pytest

from hdh_infra.resources.clients import Clients
from hdh_infra.resources.types.base import Call
from hdh_infra.resources.types.key_acl import KeyAcl
from hdh_infra.sandbox import openstack
from hdh_infra.sandbox.openstack import layout
from hdh_infra.sandbox.openstack.rest import Client

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK warns of itself
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


@pytest.fixture(scope="module")
def colleague(openstack_box: Any) -> Any:
    """Another user of the maker's project, with the same roles."""
    box, _ = layout.saved(openstack_box.directory)
    name, password = f"colleague-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    with Client(box, "admin", box.secrets().admin, "admin") as admin:
        project = openstack_box.connect(openstack_box.private).current_project_id
        user = admin.post("identity", "/users", {"user": {"name": name, "domain_id": "default", "password": password}})
        roles = {one["name"]: one["id"] for one in admin.get("identity", "/roles")["roles"]}
        for role in ("member", "creator"):
            admin.put("identity", f"/projects/{project}/users/{user['user']['id']}/roles/{roles[role]}")
    given = openstack.environment(openstack_box.directory, openstack_box.private.name)
    import openstack as sdk

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection = sdk.connect(
            load_envvars=False,
            auth_url=given["OS_AUTH_URL"],
            username=name,
            password=password,
            project_id=project,
            user_domain_name="Default",
            region_name=openstack_box.private.region,
        )
    yield connection
    connection.close()


@pytest.fixture
def call(openstack_box: Any, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The plugin, signed in by the environment alone as the maker."""
    for name, value in openstack.environment(openstack_box.directory, openstack_box.private.name).items():
        monkeypatch.setenv(name, value)
    return Call(Clients({}), "urn:pulumi:test::tests::hdh:keymanager:Acl::it", threading.Event())


def order(maker: Any, kind: str) -> dict[str, Any]:
    """A key that Barbican makes itself, as pulumi-openstack orders it."""
    meta = {"name": "it", "algorithm": "rsa" if kind == "asymmetric" else "aes", "bit_length": 2048}
    if kind == "key":
        meta |= {"bit_length": 256, "mode": "cbc", "payload_content_type": "application/octet-stream"}
    answer = maker.key_manager.post("/orders", json={"type": kind, "meta": meta})
    assert answer.status_code == 202, answer.text
    made = maker.key_manager.get("/orders/" + answer.json()["order_ref"].rsplit("/", 1)[-1]).json()
    assert made["status"] == "ACTIVE"
    return made


def reads(who: Any, ref: str) -> int:
    """What Barbican answers to a request for the key itself."""
    path = f"/secrets/{ref.rsplit('/', 1)[-1]}/payload"
    kinds = {"Accept": "application/octet-stream"}
    return int(who.key_manager.get(path, headers=kinds).status_code)


def test_a_list_says_who_reads_a_key_and_who_does_not(openstack_box: Any, colleague: Any, call: Call) -> None:
    maker, reader = openstack_box.connect(openstack_box.private), openstack_box.connect(openstack_box.public)
    ref = order(maker, "key")["secret_ref"]
    assert [reads(who, ref) for who in (maker, colleague, reader)] == [200, 200, 403]
    inputs = {"region": openstack_box.private.region, "ref": ref, "users": [], "projectAccess": False}
    identity, outputs = KeyAcl().create(call, inputs)
    assert outputs["users"] == []
    assert [reads(who, ref) for who in (maker, colleague, reader)] == [200, 403, 403]
    outputs = KeyAcl().update(call, identity, {**inputs, "users": [reader.current_user_id]}, inputs)
    assert KeyAcl().read(call, identity, outputs) == outputs
    assert [reads(who, ref) for who in (maker, colleague, reader)] == [200, 403, 200]
    path = f"/secrets/{ref.rsplit('/', 1)[-1]}"
    # Who reads it neither destroys it nor changes its list; nor does who only works in the project.
    for who in (colleague, reader):
        assert who.key_manager.delete(path).status_code == 403
        assert who.key_manager.put(f"{path}/acl", json={"read": {"project-access": True}}).status_code == 403
    KeyAcl().delete(call, identity, outputs)
    assert [reads(who, ref) for who in (maker, colleague, reader)] == [200, 200, 403]
    assert maker.key_manager.delete(path).status_code == 204
    assert KeyAcl().read(call, identity, outputs) is None


def test_a_list_of_a_pair_keeps_its_private_half_too(openstack_box: Any, colleague: Any, call: Call) -> None:
    maker = openstack_box.connect(openstack_box.private)
    ref = order(maker, "asymmetric")["container_ref"]
    container = maker.key_manager.get("/containers/" + ref.rsplit("/", 1)[-1]).json()
    halves = [one["secret_ref"] for one in container["secret_refs"]]
    assert {reads(colleague, half) for half in halves} == {200}
    inputs = {"region": openstack_box.private.region, "ref": ref, "users": [], "projectAccess": False}
    identity, outputs = KeyAcl().create(call, inputs)
    assert len(outputs["covers"]) == 1 + len(halves) == 3
    assert {reads(colleague, half) for half in halves} == {403}
    assert {reads(maker, half) for half in halves} == {200}
    # One half that a person opened again by hand is drift of the whole.
    half = f"/secrets/{halves[0].rsplit('/', 1)[-1]}"
    maker.key_manager.delete(f"{half}/acl")
    assert KeyAcl().read(call, identity, outputs)["projectAccess"] is True
    assert KeyAcl().update(call, identity, inputs, inputs)["projectAccess"] is False
    assert {reads(colleague, one) for one in halves} == {403}
