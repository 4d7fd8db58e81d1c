"""A retention that a person locks, through the engine on the simulated Azure: told until it is done, and nothing waits for it."""

import datetime

import pytest

from hdh_infra.deploy import operations
from hdh_infra.deploy.request import Request, Silent
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.lock import update_lock
from hdh_infra.sandbox import simulator

pytestmark = pytest.mark.end_to_end
TARGET = Target.parse("azure:francecentral")
DESCRIBED = {
    "name": "locked",
    "residency": {"countries": ["FR"]},
    "zones": {
        "audit": {
            "stores": {
                "logs": {"size": "1TB", "encryption": "provider-key", "retention": {"days": 30, "mode": "compliance"}}
            }
        }
    },
    "audit": {"store": "zone/audit/store/logs", "flows": False},
    "waivers": [
        {
            "requirement": "store.retention",
            "element": "zone/audit/store/logs",
            "target": str(TARGET),
            "accept": {"days": 30, "mode": "governance", "appends": True},
            "reason": "until it is locked by hand",
            "until": "2027-06-30",
        }
    ],
}


def test_up_tells_each_container_that_is_not_locked_until_a_person_has_locked_it(
    box, engine_environment, engine_command, tmp_path
):
    platform = Platform.model_validate(DESCRIBED)
    lock = update_lock(None, platform, [TARGET], salt="0badcafe")
    request = Request(
        platform,
        TARGET,
        lock,
        None,
        "locked",
        datetime.date(2026, 11, 23),
        engine_environment,
        engine_command,
        tmp_path / "work",
    )
    first = operations.up(request, Silent())
    assert not first.stopped
    (step,) = first.open
    assert step.step.id == "zone/audit/store/logs/lock"
    assert "Unlocked" in step.why
    cloud = simulator.Cloud(box)
    policies = [one["id"] for one in cloud.resources() if one["type"].endswith("BlobContainerImmutabilityPolicy")]
    assert len(policies) == len(step.step.checks) > 1
    for policy in policies[1:]:
        cloud.change(policy, "state", "Locked")
    assert operations.up(request, Silent()).open
    cloud.change(policies[0], "state", "Locked")
    done = operations.up(request, Silent())
    assert not done.open
    assert {word for word, count in done.changes.items() if count} == {"same"}
