"""Law 4 on every cloud: a space that comes, ends, goes or is renamed touches its own nodes, and spaces alike look alike."""

import datetime
import os

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from hdh_infra.clouds import of
from hdh_infra.model.check import check
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import network_path
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.testing.changing import ending, renamed, space_of, unnamed, with_space, without_space
from hdh_infra.testing.strategies import platforms
from tests.conformance.offering import without_service

TODAY = datetime.date(2026, 11, 25)
LAST_DAY = datetime.date(2027, 3, 31)
LATER = datetime.date(2027, 11, 23)
_EXAMPLES = int(os.environ.get("HDH_EXAMPLES", "8"))
SOME = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
FEW = settings(SOME, max_examples=max(2, _EXAMPLES // 6))

MACHINE = {"vcpus": 2, "memory": "4GB", "disk": {"size": "50GB"}}
FULL = Platform.model_validate(
    {
        "name": "clinic",
        "residency": {"countries": ["FR"]},
        "frameworks": ["EHDS-2025-327"],
        "groups": {"reviewers": {"description": "those who review"}},
        "keys": {"lake": {"protection": "hsm", "users": ["group/reviewers"]}},
        "zones": {
            "lake": {
                "stores": {
                    "data": {
                        "size": "10TB",
                        "key": "lake",
                        "grants": [{"to": "space/*"}, {"to": "zone/lake", "access": "write"}],
                    }
                },
                "machines": {"worker": MACHINE},
            },
            "gate": {"machines": {"mover": {"vcpus": 1, "memory": "2GB"}}, "entry": "bastion"},
            "audit": {"stores": {"logs": {"size": "1TB", "retention": {"days": 400}}}},
        },
        "spaces": {
            "defaults": {
                "stores": {"work": {"size": "1TB"}},
                "machines": {
                    "desktop": {**MACHINE, "count": 2, "spread": "hosts"},
                    "head": {"vcpus": 2, "memory": "4GB"},
                },
                "flows": [
                    {"to": "store/work"},
                    {"from": "machine/desktop", "to": "machine/head", "ports": [5432]},
                    {"to": "zone/lake/machine/worker", "ports": [8443]},
                ],
                "airlock": {
                    "import": {"outside": "zone/gate"},
                    "export": {"reviewers": 2},
                    "review": "group/reviewers",
                    "mover": "zone/gate/machine/mover",
                },
                "entry": "bastion",
                "groups": ["reviewers"],
            },
            "projects": {"cohort-a": {"members": 4}, "cohort-b": {"ends": "2090-01-01", "key": {"protection": "hsm"}}},
        },
        "flows": [
            {"from": "space/*", "to": "zone/lake/store/data", "ports": [443]},
            {"from": "zone/lake", "to": "zone/lake/store/data", "ports": [443]},
            {"from": "zone/gate", "to": "space/*", "ports": [22]},
        ],
        "egress": [
            {"from": "space/*", "to": "192.0.2.0/24", "ports": [443]},
            {"from": "space/*", "to": "pypi.org", "ports": [443]},
            {"from": "zone/gate", "to": "*.debian.org", "ports": [80, 443]},
        ],
        "targets": {"openstack:RegionOne": {"object_store_endpoint": "https://s3.clinic.example"}},
        "audit": {"store": "zone/audit/store/logs"},
        "backup": {"stores": {"where": "local"}, "disks": {"where": "local"}},
        "network": {"domain": "clinic.internal"},
        "facts": [
            {
                "target": "openstack:RegionOne",
                "attribute": attribute,
                "value": value,
                "source": "operator's site record",
                "as_of": "2026-11-01",
                "by": "operator",
            }
            for attribute, value in (
                ("region.country", "FR"),
                ("object_store.identities", "iam"),
                ("object_store.addressing", "virtual"),
            )
        ],
    }
)
"""Everything at once that spaces share with each other and with zones."""


def nodes_of(platform: Platform, target: str, lock=None, today=TODAY) -> dict[str, dict]:
    plan = make_plan(platform, target, lock=lock, today=today)
    return {node.path: node.to_json() for node in plan.nodes}


def foreign_changes(before: dict, after: dict, space: str, target: str) -> list[str]:
    """Nodes that differ and are neither the space's own nor a document of all that the cloud lists as such."""
    shared = of(Target.parse(target)).shared_documents
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return [
        path
        for path in changed
        if network_path(path) != f"space/{space}"
        and not (path in before and path in after and after[path]["type"] in shared)
    ]


def shape(nodes: dict, space: str) -> list[tuple]:
    """Types and relative paths of a space's nodes, without its name, which must be unlike any other."""

    def relative(path: str) -> str:
        return path.replace(f"space/{space}", "space/_").replace(f"space.{space}", "space._")

    return sorted(
        (relative(path), node["type"], node["provider"], node["protect"], tuple(sorted(node["properties"])))
        for path, node in nodes.items()
        if network_path(path) == f"space/{space}"
    )


def one_space(platform: Platform) -> str:
    assume(platform.spaces.projects)
    return min(platform.spaces.projects)


@SOME
@example(platform=FULL)
@given(platform=platforms())
def test_one_more_space_touches_its_own_nodes_only(target, platform):
    """Law 4. The new one has the defaults alone, or is described as another is."""
    lock = update_lock(None, platform, [Target.parse(target)])
    before = nodes_of(platform, target, lock)
    alike = [space_of(platform, name, "zz-added") for name in sorted(platform.spaces.projects)[:1]]
    for space in ({"members": 1}, *alike):
        after = nodes_of(with_space(platform, "zz-added", space), target, lock)
        assert foreign_changes(before, after, "zz-added", target) == []


@SOME
@example(platform=FULL)
@given(platform=platforms(spaces=(1, 2)))
def test_a_space_that_goes_touches_its_own_nodes_only(target, platform):
    """Law 4. Its data holders are retired, and nothing of it stays."""
    space = one_space(platform)
    whole = unnamed(platform, space)
    lock = update_lock(None, whole, [Target.parse(target)])
    before, after = nodes_of(whole, target, lock), nodes_of(without_space(whole, space), target, lock)
    assert foreign_changes(before, after, space, target) == []
    assert [path for path in after if network_path(path) == f"space/{space}"] == []


@SOME
@example(platform=FULL)
@given(platform=platforms(spaces=(1, 2)))
def test_a_space_that_ends_touches_its_own_nodes_only(target, platform):
    """Law 4, for the change that a day makes."""
    space = one_space(platform)
    whole = ending(unnamed(platform, space), space, LAST_DAY)
    lock = update_lock(None, whole, [Target.parse(target)])
    before, after = (nodes_of(whole, target, lock, today) for today in (TODAY, LATER))
    assert nodes_of(whole, target, lock, LAST_DAY) == before
    assert foreign_changes(before, after, space, target) == []


@SOME
@example(platform=FULL)
@given(platform=platforms(spaces=(1, 2)))
def test_a_closed_space_has_no_compute_no_entry_no_flow_and_no_right(target, platform):
    space = one_space(platform)
    whole = ending(unnamed(platform, space), space, LAST_DAY)
    plan = make_plan(whole, target, today=LATER)
    observed = observe_plan(plan, whole)
    inside = f"space/{space}/"
    assert [path for path in observed.elements if path.startswith(f"{inside}machine/")] == []
    assert observed.elements.get(f"space/{space}", {}).get("entry") is None
    (row,) = [row for row in plan.verdicts if (row.element, row.attribute) == (f"space/{space}", "closed")]
    ways = [*observed.flows, *observed.egress, *observed.entry]
    assert [way for way in ways if way.source.startswith(inside)] == []
    coming = [way.to for way in (*observed.flows, *observed.egress) if way.to.startswith(inside)]
    assert [to for to in coming if not to.startswith(f"{inside}store/")] == []
    rights = {path: given["grants"] for path, given in observed.elements.items() if given.get("grants")}
    assert [word for words in rights.values() for word in words if word.startswith(inside)] == []
    if not coming:
        assert {path: words for path, words in rights.items() if path.startswith(inside)} == {}
    # Where the credentials of an offer open every store, those of others open its stores too: nothing hides that.
    assert row.verdict == ("not-met" if coming else "met"), row.reason


@SOME
@example(platform=FULL)
@given(platform=platforms(spaces=(1, 2)))
def test_nothing_that_holds_data_goes_with_the_end_of_a_space(target, platform):
    """Law 9: nothing is ever deleted by date. What was protected stays, as it is and protected."""
    space = one_space(platform)
    whole = ending(unnamed(platform, space), space, LAST_DAY)
    lock = update_lock(None, whole, [Target.parse(target)])
    before, after = (nodes_of(whole, target, lock, today) for today in (TODAY, LATER))
    assert expand(whole, LATER).data_holders == expand(whole, TODAY).data_holders
    protected = {node["element"] for node in after.values() if node["protect"]}
    kept = set(expand(whole, LATER).data_holders)
    assert kept - without_service(target, kept) <= protected
    holders = {path: node for path, node in before.items() if node["protect"]}
    assert [path for path in holders if path not in after or not after[path]["protect"]] == []
    assert [path for path, node in holders.items() if node["type"] != after[path]["type"]] == []


@SOME
@example(platform=FULL)
@given(platform=platforms(spaces=(1, 2)))
def test_renaming_a_space_commutes_with_lowering(target, platform):
    """Names and hashes aside: types, relative paths and the rest of the platform are the same."""
    space = one_space(platform)
    old, new = "zz-old", "aa-new"
    whole = renamed(platform, space, old)
    before, after = nodes_of(whole, target), nodes_of(renamed(whole, old, new), target)
    assert shape(before, old) == shape(after, new)

    def others(nodes: dict, name: str) -> list[tuple[str, str]]:
        return sorted((path.replace(name, "_"), node["type"]) for path, node in nodes.items())

    assert others(before, old) == others(after, new)


@SOME
@example(platform=FULL)
@given(platform=platforms(spaces=(0, 1)))
def test_two_spaces_with_the_same_needs_have_the_same_shape_and_the_same_verdicts(target, platform):
    described = [space_of(platform, name, "zz-one") for name in platform.spaces.projects]
    one = with_space(platform, "zz-one", described[0] if described else {"members": 3})
    both = with_space(one, "zz-two", space_of(one, "zz-one", "zz-two"))
    plan = make_plan(both, target, today=TODAY)
    nodes = {node.path: node.to_json() for node in plan.nodes}
    assert shape(nodes, "zz-one") == shape(nodes, "zz-two")

    def verdicts(name: str) -> list[tuple]:
        return sorted(
            (row.element.removeprefix(f"space/{name}"), row.attribute, row.verdict)
            for row in plan.verdicts
            if network_path(row.element) == f"space/{name}"
        )

    assert verdicts("zz-one") == verdicts("zz-two")


@FEW
@example(platform=FULL, many=60)
@given(platform=platforms(spaces=(1, 1)), many=st.integers(40, 60))
def test_a_platform_with_many_spaces_is_as_many_times_the_nodes_of_one(target, platform, many):
    """No name is given twice, nothing runs out, and no node depends on how many spaces there are."""
    one = "cohort-one"
    platform = renamed(unnamed(platform, one_space(platform)), one_space(platform), one)
    described = platform.model_dump(mode="json", by_alias=True)
    for index in range(many):
        described["spaces"]["projects"][f"cohort-{index:03}"] = space_of(platform, one, f"cohort-{index:03}")
    whole = Platform.model_validate(described)
    assert check(whole) == []
    plan = make_plan(whole, target, today=TODAY)
    nodes = {node.path: node.to_json() for node in plan.nodes}
    shapes = {str(shape(nodes, f"cohort-{index:03}")) for index in range(many)}
    assert shapes == {str(shape(nodes, one))}
    alone = nodes_of(platform, target)
    own = [path for path in alone if network_path(path) == f"space/{one}"]
    assert len(nodes) == len(alone) + many * len(own)
    rows = {(row.element, row.attribute) for row in plan.verdicts}
    assert len(rows) == len(plan.verdicts)
