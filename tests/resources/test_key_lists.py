"""Lists of who reads a key of Barbican, over a key service in memory: the protocol, differences, half-made lists, refusals."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from hdh_infra.resources.keystone import KeyManager, ServiceError
from hdh_infra.resources.servicer import Servicer
from hdh_infra.resources.values import UNKNOWN

ACL = "hdh:keymanager:Acl"
ONE, TWO = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
BOX = "00000000-0000-4000-8000-00000000000b"
REF = f"https://keys.example/v1/secrets/{ONE}"
INPUTS = {"region": "RegionOne", "ref": REF, "users": ["a", "b"], "projectAccess": False}
OPEN = {"read": {"project-access": True}}
NONE = provider_pb2.DiffResponse.DIFF_NONE


class MemoryKeys:
    """Two secrets and a container of both, with their lists; `broken` names paths that refuse to be written."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[str, Any]] = {f"/secrets/{ONE}": {}, f"/secrets/{TWO}": {}, f"/containers/{BOX}": {}}
        self.broken: set[str] = set()
        self.deaf = False
        self.called: list[str] = []

    def get(self, path: str) -> dict[str, Any] | None:
        self.called.append(f"GET {path}")
        if path == f"/containers/{BOX}" and path in self.lists:
            return {"secret_refs": [{"secret_ref": f"https://keys.example/v1/secrets/{one}"} for one in (ONE, TWO)]}
        found = self.lists.get(path.removesuffix("/acl"))
        return None if found is None else found or OPEN

    def put(self, path: str, body: dict[str, Any]) -> None:
        self.called.append(f"PUT {path}")
        if path in self.broken:
            raise ServiceError(f"PUT {path}: 403: no")
        if not self.deaf:
            self.lists[path.removesuffix("/acl")] = body

    def delete(self, path: str) -> None:
        self.lists[path.removesuffix("/acl")] = {}


@dataclasses.dataclass
class MemoryClients:
    keys: MemoryKeys
    regions: list[str] = dataclasses.field(default_factory=list)

    def key_manager(self, region: str) -> MemoryKeys:
        self.regions.append(region)
        return self.keys


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def provider(engine: Any, keys: MemoryKeys) -> Any:
    return type(engine)(Servicer(clients=lambda _values: MemoryClients(keys)))


def test_a_preview_asks_no_server(provider, keys) -> None:
    identity, outputs = provider.create(ACL, {**INPUTS, "ref": UNKNOWN}, preview=True)
    assert (identity, outputs["ref"], outputs["users"]) == ("", UNKNOWN, ["a", "b"])
    assert keys.called == []


def test_a_list_is_put_read_back_and_without_a_difference_afterwards(provider, keys) -> None:
    identity, outputs = provider.create(ACL, INPUTS)
    assert identity == f"RegionOne/secrets/{ONE}"
    assert keys.lists[f"/secrets/{ONE}"] == {"read": {"users": ["a", "b"], "project-access": False}}
    assert provider.diff(ACL, outputs, INPUTS, INPUTS).changes == NONE
    shuffled = {**INPUTS, "users": ["b", "a"], "ref": f"https://other.example/v1/secrets/{ONE}"}
    assert provider.diff(ACL, outputs, shuffled, INPUTS).changes == NONE


def test_what_is_left_out_means_nobody_but_maker_and_admins(provider, keys) -> None:
    provider.create(ACL, {"region": "RegionOne", "ref": REF})
    assert keys.lists[f"/secrets/{ONE}"] == {"read": {"users": [], "project-access": False}}


def test_a_list_that_was_opened_by_hand_is_drift_and_is_put_back(provider, keys) -> None:
    identity, outputs = provider.create(ACL, INPUTS)
    keys.lists[f"/secrets/{ONE}"] = {"read": {"users": ["a", "b", "eve"], "project-access": True}}
    _, outputs, inputs = provider.read(ACL, identity, outputs, INPUTS)
    assert set(provider.diff(ACL, outputs, INPUTS, inputs).diffs) == {"projectAccess", "users"}
    provider.update(ACL, identity, outputs, INPUTS)
    assert keys.lists[f"/secrets/{ONE}"]["read"]["project-access"] is False


def test_of_a_container_every_secret_is_covered_and_one_that_was_opened_shows(provider, keys) -> None:
    inputs = {**INPUTS, "ref": f"https://keys.example/v1/containers/{BOX}"}
    identity, outputs = provider.create(ACL, inputs)
    assert all(one["read"]["project-access"] is False for one in keys.lists.values())
    assert outputs["covers"] == [f"containers/{BOX}", f"secrets/{ONE}", f"secrets/{TWO}"]
    keys.lists[f"/secrets/{TWO}"] = {}
    _, outputs, _ = provider.read(ACL, identity, outputs, inputs)
    assert outputs["projectAccess"] is True
    provider.delete(ACL, identity, outputs)
    assert set(map(str, keys.lists.values())) == {"{}"}


def test_a_list_that_is_put_on_a_part_only_is_half_made_and_shows_what_is_open(provider, keys) -> None:
    keys.broken.add(f"/containers/{BOX}/acl")
    inputs = {**INPUTS, "ref": f"containers/{BOX}"}
    with pytest.raises(provider.Aborted, match="403") as caught:
        provider.create(ACL, inputs)
    assert caught.value.half.id == f"RegionOne/containers/{BOX}"
    assert caught.value.half.properties["projectAccess"] is True


def test_a_service_that_keeps_another_list_than_it_was_given_is_told(provider, keys) -> None:
    keys.deaf = True
    with pytest.raises(provider.Aborted, match="keeps another list") as caught:
        provider.create(ACL, INPUTS)
    assert caught.value.half.properties["projectAccess"] is True


def test_a_list_of_somebody_else_is_not_overwritten_and_the_same_one_is_gone_on_with(provider, keys) -> None:
    keys.lists[f"/secrets/{ONE}"] = {"read": {"users": ["eve"], "project-access": True}}
    with pytest.raises(provider.Aborted, match=r"pulumi import hdh:keymanager:Acl NAME RegionOne/secrets/"):
        provider.create(ACL, INPUTS)
    keys.lists[f"/secrets/{ONE}"] = {"read": {"users": ["b", "a"], "project-access": False}}
    assert provider.create(ACL, INPUTS)[0] == f"RegionOne/secrets/{ONE}"


def test_a_key_that_is_not_there_has_no_list_and_one_that_went_reads_as_gone(provider, keys) -> None:
    with pytest.raises(provider.Aborted, match="is not there"):
        provider.create(ACL, {**INPUTS, "ref": f"secrets/{BOX}"})
    identity, outputs = provider.create(ACL, INPUTS)
    del keys.lists[f"/secrets/{ONE}"]
    assert provider.read(ACL, identity, outputs, INPUTS)[0] == ""


def test_an_import_reads_everything_from_the_id_alone(provider, keys) -> None:
    provider.create(ACL, INPUTS)
    identity, outputs, inputs = provider.read(ACL, f"RegionOne/secrets/{ONE}")
    assert identity == f"RegionOne/secrets/{ONE}"
    assert inputs == {"region": "RegionOne", "ref": f"secrets/{ONE}", "users": ["a", "b"], "projectAccess": False}
    assert provider.diff(ACL, outputs, INPUTS, inputs).changes == NONE
    with pytest.raises(provider.Aborted, match="REGION/secrets/UUID"):
        provider.read(ACL, "secrets")


def test_another_key_replaces_the_list(provider) -> None:
    _, outputs = provider.create(ACL, INPUTS)
    answer = provider.diff(ACL, outputs, {**INPUTS, "ref": f"secrets/{TWO}"}, INPUTS)
    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["ref"], False)


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"ref": "https://keys.example/v1/orders/1"}, "ref", "secretRef"),
        ({"users": ["a", "a"]}, "users", "twice"),
        ({"users": [" "]}, "users[0]", "no id"),
        ({"user": ["a"]}, "user", "did you mean 'users'"),
        ({"projectAccess": "no"}, "projectAccess", "boolean"),
        ({"region": None}, "region", "is required"),
    ],
)
def test_wrong_inputs_are_told_with_their_path(provider, change, path, words) -> None:
    assert words in provider.check(ACL, {**INPUTS, **change})[path]
    assert provider.check(ACL, {**INPUTS, "users": UNKNOWN, "ref": UNKNOWN}) == {}


class Answer:
    def __init__(self, status: int, body: Any) -> None:
        self.status_code, self.body, self.content = status, body, b"x"

    def json(self) -> Any:
        if isinstance(self.body, Exception):
            raise self.body
        return self.body


class Proxy:
    def __init__(self, answer: Any) -> None:
        self.answer, self.key_manager = answer, self

    def request(self, *_: Any, **__: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def refused(answer: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        KeyManager("RegionOne", lambda _region: Proxy(answer)).get("/secrets/x/acl")
    return str(caught.value)


def test_errors_of_the_service_are_one_line_with_what_to_do() -> None:
    from keystoneauth1.exceptions import ConnectFailure, Unauthorized

    said = refused(
        Answer(403, {"code": 403, "title": "Forbidden", "description": "SecretACL(s) attempt not\nallowed."})
    )
    assert said == (
        "GET /secrets/x/acl: 403: SecretACL(s) attempt not allowed. (the credentials lack this right: "
        "keys want the role creator (or member) in their project, or its admin)"
    )
    assert "no reason was given" in refused(Answer(500, ValueError("no JSON")))
    assert "busy" in refused(Answer(429, {"error": {"message": "slow down"}}))
    for error in (Unauthorized("The request you have made requires authentication."), ConnectFailure("no route")):
        assert "OS_*" in refused(error)
    assert KeyManager("RegionOne", lambda _region: Proxy(Answer(404, {}))).get("/x") is None
