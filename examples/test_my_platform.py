"""A test suite of one's own, on mocks: no account, no engine, no network, a few seconds.

`hdh_mocks` comes with the library's pytest plugin. A test that registers nothing, or whose checks never run, fails.
"""

import datetime
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.deploy import Deployed
from hdh_infra.model.scales import Protection
from hdh_infra.testing import Recorder, expect, is_unknown, plan_of

TODAY = datetime.date(2026, 11, 23)
TARGET = "azure:francecentral"
SPEC = Path(__file__).parent / "small.yaml"


@pytest.fixture(scope="module")
def platform() -> hdh.Platform:
    return hdh.load(SPEC)


def test_every_store_is_closed_to_the_internet(platform: hdh.Platform, hdh_mocks: Recorder) -> None:
    """What was registered, property by property."""
    hdh_mocks.deploy(platform, TARGET, today=TODAY)
    accounts = hdh_mocks.of_type("azure-native:storage:StorageAccount")
    assert accounts
    for account in accounts:
        assert account.inputs["publicNetworkAccess"] == "Disabled", account.name
        assert account.inputs["allowBlobPublicAccess"] is False, account.name


def test_what_holds_data_is_protected(platform: hdh.Platform, hdh_mocks: Recorder) -> None:
    """Options of the engine are recorded too."""
    hdh_mocks.deploy(platform, TARGET, today=TODAY)
    protected = {seen.parent for seen in hdh_mocks.natives.values() if seen.protect}
    assert {"zone/lake/store/snds", "space/cohort-a/store/work", "key/lake"} <= protected


def test_outputs_are_there_for_a_program_of_ones_own(platform: hdh.Platform, hdh_mocks: Recorder) -> None:
    """Checks on outputs are counted: one that never ran is a failure, not a pass."""
    planned = plan_of(platform, TARGET, today=TODAY)
    vaults = [node.path for node in planned.nodes if node.type == "azure-native:keyvault:Vault"]

    def then(deployed: Deployed) -> None:
        for path in vaults:
            hdh_mocks.check(deployed.nodes[path].id, bool)

    hdh_mocks.deploy(platform, TARGET, today=TODAY, then=then)
    expect(hdh_mocks, checks=len(vaults), resources=len(planned.nodes))


def test_a_preview_knows_what_is_made_and_not_what_it_becomes(platform: hdh.Platform, hdh_mocks: Recorder) -> None:
    """In a preview outputs are unknown; a check sees that instead of being skipped."""
    hdh_mocks.preview = True
    hdh_mocks.deploy(
        platform,
        TARGET,
        today=TODAY,
        then=lambda deployed: hdh_mocks.check(next(iter(deployed.nodes.values())).id, is_unknown),
    )


def test_a_store_that_the_target_cannot_keep_to_is_refused(platform: hdh.Platform) -> None:
    """A requirement that is not met and not waived stops before anything is registered."""
    keys = {**platform.keys, "lake": hdh.Key(protection=Protection.hsm)}
    stricter = platform.model_copy(update={"keys": keys, "waivers": ()})
    recorder = Recorder()
    with pytest.raises(
        hdh.RefusedError, match=r"key\.protection \(not-met\): asked hsm, given software\n    for key/lake"
    ):
        recorder.deploy(stricter, "openstack:RegionOne", today=TODAY)
    assert not recorder.natives
