"""One reader for plans and states: what an engine's state holds, by ids and texts, means what the plan meant."""

import pytest

from hdh_infra.catalogue.load import site
from hdh_infra.clouds import of
from hdh_infra.graph.observation import Natives
from hdh_infra.model.target import Target


@pytest.mark.parametrize("target", ["openstack:RegionOne", "ovhcloud:GRA"])
def test_a_state_is_read_as_the_plan_that_made_it(small, deploy, state, target):
    platform = small()
    planned = deploy(platform, target).observe()
    lowering = of(Target.parse(target))
    held = lowering.observe(
        Natives(state(platform, target), "state", lowering.identifiers), site(Target.parse(target), platform)
    )
    assert held.elements == planned.elements
    for part in ("flows", "service_flows", "egress", "entry", "remarks"):
        assert getattr(held, part) == getattr(planned, part), part


@pytest.mark.parametrize("target", ["openstack:RegionOne", "ovhcloud:GRA"])
def test_a_state_of_everything_new_is_read_as_its_plan_too(small, deploy, state, target):
    """Rights, rules of age, spreading, pairs of keys, airlocks of all spaces and of one alone, images by their id."""
    described = small().model_dump(mode="json", exclude_none=True)
    zones, spaces = described["zones"], described["spaces"]
    zones["lake"]["stores"]["snds"] |= {
        "expiry": [{"days": 400}, {"prefix": "tmp/", "old_versions_days": 30}],
        "grants": [{"to": "zone/lake", "access": "append"}],
    }
    zones["lake"]["machines"]["spark"] |= {"count": 2, "spread": "hosts", "startup": "#!/bin/sh\n"}
    zones["gate"] = {"machines": {"mover": {"vcpus": 1, "memory": "1GB"}, "other": {"vcpus": 1, "memory": "1GB"}}}
    spaces["defaults"]["airlock"] = {"export": True, "mover": "zone/gate/machine/mover"}
    spaces["projects"]["cohort-a"]["airlock"] = {"import": True, "review": "zone/gate/machine/other"}
    platform = small(
        zones=zones,
        spaces=spaces,
        keys={"lake": {"algorithm": "rsa-2048"}, "projects": {}},
        targets={target: {"existing": {"image/debian-12": "image-1"}}},
    )
    planned = deploy(platform, target).observe()
    lowering = of(Target.parse(target))
    held = lowering.observe(
        Natives(state(platform, target), "state", lowering.identifiers), site(Target.parse(target), platform)
    )
    assert held.elements == planned.elements
    assert (held.flows, held.egress, held.remarks) == (planned.flows, planned.egress, planned.remarks)
    assert any("/way/" in native for native in planned.elements["space/cohort-a"]["native"])


@pytest.mark.parametrize("target", ["openstack:RegionOne", "ovhcloud:GRA"])
def test_our_own_plugin_accepts_what_is_asked_of_it(small, state, target):
    from hdh_infra.resources.types.access_key import AccessKey
    from hdh_infra.resources.types.bucket import Bucket
    from hdh_infra.resources.types.user import User
    from hdh_infra.resources.types.user_policy import UserPolicy

    checks = {one.token: one() for one in (AccessKey, Bucket, User, UserPolicy)}
    logs = {"size": "1GB", "retention": {"days": 30}, "expiry": [{"prefix": "a/", "days": 60, "old_versions_days": 90}]}
    retained = {"lake": {"stores": {"logs": logs}}}
    natives = [*state(small(), target), *state(small(zones=retained, flows=[], keys={}, spaces={}), target)]
    asked = [native for native in natives if native.type in checks]
    assert asked
    assert [(one.path, list(checks[one.type].check(one.properties))) for one in asked] == [
        (one.path, []) for one in asked
    ]


def test_a_platform_that_nothing_lets_out_has_no_flow_and_no_egress(small, deploy):
    observed = deploy(small(flows=[]), "openstack:RegionOne").observe()
    assert observed.flows == ()
    assert observed.egress == ()
    assert {flow.to.split(" (")[0] for flow in observed.service_flows} == {
        "169.254.169.254/32",
        "the machine's own subnet",
    }


def test_known_addresses_of_the_endpoint_say_exactly_what_else_an_opening_reaches(small, deploy):
    facts = small().model_dump(mode="json")["facts"]
    facts.append(
        {
            "target": "openstack:RegionOne",
            "attribute": "object_store.addresses",
            "value": ["198.51.100.20/32"],
            "source": "operator's network plan",
            "as_of": "2026-11-01",
            "by": "operator",
        }
    )
    observed = deploy(small(facts=facts), "openstack:RegionOne").observe()
    stores = [flow for flow in observed.flows if "/store/" in flow.to]
    assert stores
    assert {flow.also_reaches for flow in stores} == {("every bucket behind the S3 endpoint",)}


def test_an_egress_is_observed_as_it_was_asked(small, deploy):
    egress = [{"from": "zone/administration", "to": "203.0.113.0/24", "ports": [443, "8000-8010"]}]
    observed = deploy(small(egress=egress, flows=[]), "openstack:RegionOne").observe()
    (flow,) = observed.egress
    assert (flow.source, flow.to, flow.ports) == (
        "zone/administration/machine/console",
        "203.0.113.0/24",
        (443, "8000-8010"),
    )
