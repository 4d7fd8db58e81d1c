"""A key whose material a person brings, through the engine on the simulated Azure: stopped, brought, done, taken away, and made anew."""

import datetime

import pytest

from hdh_infra.clouds.azure import CLOUD
from hdh_infra.deploy import natives_of_state, operations
from hdh_infra.deploy.request import Request, Silent
from hdh_infra.errors import EngineError, RefusedError
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.lock import after_destroy, update_lock
from hdh_infra.sandbox import simulator

pytestmark = pytest.mark.end_to_end
TARGET, TODAY = Target.parse("azure:francecentral"), datetime.date(2026, 11, 23)
DESCRIBED = {
    "name": "brought",
    "residency": {"countries": ["FR"]},
    "keys": {"lake": {"origin": "imported", "algorithm": "rsa-3072", "protection": "hsm"}, "other": {}},
    "zones": {
        "lake": {
            "stores": {"snds": {"size": "1TB", "key": "lake"}, "plain": {"size": "1TB", "key": "other"}},
            "machines": {"spark": {"vcpus": 2, "memory": "8GB", "disk": {"size": "100GB", "key": "lake"}}},
        }
    },
}


class Stack:
    def __init__(self, environment, folder, command):
        self.platform = Platform.model_validate(DESCRIBED)
        self.lock = update_lock(None, self.platform, [TARGET], salt="0badcafe")
        self.environment, self.folder, self.command = environment, folder, command

    @property
    def plan(self):
        return make_plan(self.platform, TARGET, lock=self.lock, today=TODAY)

    @property
    def request(self):
        return Request(
            self.platform, TARGET, self.lock, None, "brought", TODAY, self.environment, self.command, self.folder
        )

    def up(self):
        return operations.up(self.request, Silent())

    def natives(self):
        return natives_of_state(operations.state(self.request))


def bring(cloud, plan, **more):
    """What the owner of the material does."""
    properties = dict(plan.node("key/lake/key").properties)
    return cloud.create("azure-native:keyvault:Key", {**properties, "properties": {**properties["properties"], **more}})


@pytest.fixture
def stack(engine_environment, engine_command, tmp_path):
    return Stack(engine_environment, tmp_path / "work", engine_command)


def test_an_imported_key_lives_through_its_whole_life(box, stack):
    cloud, plan = simulator.Cloud(box), stack.plan
    assert plan.deployable
    first = stack.up()
    assert [one.step.id for one in first.stopped] == ["key/lake/import"]
    assert "ResourceNotFound" in first.stopped[0].why
    waiting = set(first.stopped[0].waiting)
    assert {"key/lake/key", "zone/lake/store/snds/account", "zone/lake/machine/spark/disk-encryption"} <= waiting
    assert {native.path for native in stack.natives()} == {node.path for node in plan.nodes} - waiting
    assert "zone/lake/store/plain/account" not in waiting

    brought = bring(cloud, plan, keyOps=["wrapKey", "unwrapKey", "decrypt"])
    assert "keyOps" in stack.up().stopped[0].why
    cloud.change(brought, "properties.keyOps", ["unwrapKey", "wrapKey"])
    vault = next(one["id"] for one in cloud.resources() if one["id"] == brought.rsplit("/keys/", 1)[0])
    cloud.change(vault, "properties.publicNetworkAccess", "Enabled")
    assert "publicNetworkAccess" in stack.up().stopped[0].why
    cloud.change(vault, "properties.publicNetworkAccess", "disabled")

    second = stack.up()
    assert not second.stopped
    assert {native.path for native in stack.natives()} == {node.path for node in plan.nodes}
    seen = CLOUD.observe(stack.natives(), site_of(stack.platform)).elements["key/lake"]
    planned = CLOUD.observe(natives_of_plan(plan), site_of(stack.platform)).elements["key/lake"]
    assert seen == planned
    assert (seen["protection"], seen["algorithm"], seen["origin"]) == ("hsm", "rsa-3072", None)
    third = stack.up()
    assert {word: count for word, count in third.changes.items() if count and word != "same"} == {}

    with pytest.raises(RefusedError, match="it holds data"):
        operations.destroy(stack.request, Silent(), delete_data=False)
    kept = tuple(CLOUD.kept(stack.natives(), TODAY))
    operations.destroy(stack.request, Silent(), delete_data=True)
    assert [one["id"] for one in cloud.resources()] == []

    # The name is not free for ninety days: the same plan is refused, the lock's next generation is not.
    with pytest.raises(EngineError, match="ConflictError"):
        stack.up()
    stack.lock = after_destroy(stack.lock, TARGET, kept)
    anew = stack.plan
    assert anew.node("key/lake/vault").properties["vaultName"] != plan.node("key/lake/vault").properties["vaultName"]
    assert [one.step.id for one in stack.up().stopped] == ["key/lake/import"]
    bring(cloud, anew)
    assert not stack.up().stopped


def site_of(platform):
    from hdh_infra.catalogue.load import site

    return site(TARGET, platform)


def natives_of_plan(plan):
    from hdh_infra.graph.observation import Natives

    return Natives.of_plan(plan.nodes, CLOUD.identifiers)
