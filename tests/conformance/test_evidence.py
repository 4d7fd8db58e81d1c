"""Less evidence never gives a better verdict: what cannot be read is unknown, or not met, and never met."""

import copy
import datetime
import os
import re
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdh_infra.catalogue.load import site
from hdh_infra.graph.observation import Native
from hdh_infra.model.expand import expand
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import update_lock
from hdh_infra.planning.assess import assess
from tests.clouds.deployments import described, held, observed, planned
from tests.conformance.weakening import leaves

TODAY = datetime.date(2026, 11, 25)
SOME = settings(
    max_examples=2 * int(os.environ.get("HDH_EXAMPLES", "8")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
GOOD = {Verdict.met: 2, Verdict.differs: 1, Verdict.unknown: 0, Verdict.not_met: 0}
WAYS = ("flow.", "egress.")
"""What opens a way is no evidence of anything else: without it there is no way. Machines that cannot be followed are `unread`."""
ATTACHED = re.compile("Port$|:NetworkInterface$")
SPARK = "zone/lake/machine/spark"


@cache
def platform():
    return described(facts=[], targets={})


@cache
def natives(target, source):
    if source == "state":
        return tuple(held(platform(), target))
    return tuple(Native(node.path, node.type, dict(node.properties)) for node in planned(platform(), target))


def verdicts(target, source, found):
    """The worst verdict by element and requirement, and the remarks."""
    place, where = site(Target.parse(target), platform()), Target.parse(target)
    seen = observed(list(found), place, source)
    rows = assess(expand(platform(), TODAY), update_lock(None, platform(), [where]), place, seen, TODAY)
    worst = {}
    for row in rows:
        key = row.element, row.requirement
        worst[key] = min(worst.get(key, 2), GOOD[row.verdict])
    return worst


@cache
def at_first(target, source):
    return verdicts(target, source, natives(target, source))


@SOME
@given(data=st.data(), source=st.sampled_from(["plan", "state"]))
def test_a_property_that_cannot_be_read_makes_no_verdict_better(target, source, data):
    known = natives(target, source)
    chosen = data.draw(st.sampled_from(known))
    paths = [path for path, _ in leaves(dict(chosen.properties))]
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    properties = copy.deepcopy(dict(chosen.properties))
    here = properties
    for one in path[:-1]:
        here = here[one]
    del here[path[-1]]
    less = [Native(one.path, one.type, properties, one.id) if one is chosen else one for one in known]
    before, after = at_first(target, source), verdicts(target, source, less)
    for key, good in after.items():
        if not key[1].startswith(WAYS):
            assert good <= before[key], (chosen.path, path, key)


def test_of_a_machine_whose_way_into_a_network_cannot_be_followed_nothing_is_met(target):
    """A subnet, network or interface that is not among the resources says nothing of who reaches a machine, nor that no public address does."""
    known = natives(target, "state")
    less = [
        one for one in known if one.element != "zone/lake" and not (one.element == SPARK and ATTACHED.search(one.type))
    ]
    place, where = site(Target.parse(target), platform()), Target.parse(target)
    seen = observed(less, place, "state")
    if target == "cloudtemple:fr1":
        # The machine itself names its networks, and no resource stands for one.
        assert not seen.unread
        return
    rows = assess(expand(platform(), TODAY), update_lock(None, platform(), [where]), place, seen, TODAY)
    mine = {row.attribute: row for row in rows if row.element == SPARK}
    assert mine["public"].verdict is Verdict.unknown
    assert mine["attachment"].verdict is Verdict.unknown
    assert SPARK in seen.to_json()["unread"]
