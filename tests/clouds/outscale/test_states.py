"""One reader for plans and states: what an engine's state holds, by ids and texts, means what the plan meant."""

from hdh_infra.catalogue.load import site
from hdh_infra.clouds.outscale import CLOUD
from hdh_infra.graph.observation import Natives
from hdh_infra.model.target import Target


def everything(small):
    """Rights, rules of age, a lock, replicas apart, ways out, flows within a network and across."""
    value = small().model_dump(mode="json", by_alias=True, exclude_none=True)
    zones = value["zones"]
    zones["lake"]["machines"]["spark"] |= {"count": 3, "spread": "hosts"}
    zones["lake"]["stores"]["snds"] |= {"expiry": [{"days": 400}], "retention": {"days": 30, "mode": "governance"}}
    flows = [
        *value["flows"],
        {"from": "zone/lake/machine/spark", "to": "zone/lake/machine/spark", "ports": [7077, "8000-8010"]},
    ]
    return small(zones=zones, flows=flows, egress=[{"from": "space/*", "to": "192.0.2.0/24", "ports": [443]}])


def test_a_state_is_read_as_the_plan_that_made_it(small, deploy, state):
    for platform in (small(), everything(small)):
        planned = deploy(platform).observe()
        place = site(Target.parse("outscale:eu-west-2"), platform)
        held = CLOUD.observe(Natives(state(platform), "state", CLOUD.identifiers), place)
        assert held.elements == planned.elements
        for part in ("flows", "service_flows", "egress", "entry", "remarks"):
            assert getattr(held, part) == getattr(planned, part), part


def test_what_is_asked_is_what_is_observed(small, deploy):
    observed = deploy(everything(small)).observe()
    spark, snds = observed.elements["zone/lake/machine/spark"], observed.elements["zone/lake/store/snds"]
    assert (spark["count"], spark["spread"], spark["public"], spark["identity"]) == (3, "hosts", False, "access-key")
    assert snds["retention"] == {"days": 30, "mode": "compliance"}
    assert snds["encryption"] == "provider-key"
    assert snds["grants"] == ["space/cohort-a/machine/desktop write", "zone/lake/machine/spark write"]
    assert {(one.source, one.to, one.ports) for one in observed.egress} == {
        (f"space/cohort-{one}/machine/desktop", "192.0.2.0/24", (443,)) for one in "ab"
    }
    inside = next(one for one in observed.flows if one.source == one.to)
    assert inside.ports == (7077, "8000-8010")
    to_stores = [one for one in observed.flows if "/store/" in one.to]
    assert to_stores
    assert {one.also_reaches for one in to_stores} == {("every bucket behind oos.eu-west-2.outscale.com",)}


def test_a_machine_without_an_account_opens_no_store(small, deploy):
    observed = deploy(small(accounts={})).observe()
    assert [one for one in observed.flows if "/store/" in one.to] == []
    assert observed.elements["zone/lake/store/snds"]["grants"] == []


def test_two_machines_of_one_account_share_its_rights_and_the_observation_says_so(small, deploy):
    value = small().model_dump(mode="json", by_alias=True, exclude_none=True)
    value["zones"]["lake"]["machines"]["other"] = {"vcpus": 1, "memory": "1GB"}
    observed = deploy(small(zones=value["zones"])).observe()
    assert "zone/lake/machine/other write" in observed.elements["zone/lake/store/snds"]["grants"]
