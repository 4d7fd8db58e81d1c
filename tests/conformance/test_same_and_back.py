"""Laws 1 and 2 on every cloud: the same description gives the same bytes, and what is planned reads back as what was asked."""

import datetime
import json
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdh_infra.catalogue.load import site
from hdh_infra.clouds.filters import ports_of, written
from hdh_infra.graph.plan import Plan
from hdh_infra.model.attributes import ATTRIBUTES, BY_CATALOGUE, NULLS_OF_NOTHING, answers, asked
from hdh_infra.model.expand import expand
from hdh_infra.model.paths import kind_of, network_path
from hdh_infra.model.scales import Relation, Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan, update_lock
from hdh_infra.planning.assemble import observe_plan
from hdh_infra.testing.changing import shuffled
from hdh_infra.testing.strategies import platforms
from tests.conformance.offering import filters_within, has_filters, knows_machines, reaches_stores, without_service

TODAY = datetime.date(2026, 11, 25)
SOME = settings(
    max_examples=int(os.environ.get("HDH_EXAMPLES", "8")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@SOME
@given(platform=platforms(), rng=st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_of_the_description(target, platform, rng):
    """Law 1: but for the digest of the description's own text."""
    one, two = (make_plan(each, target, today=TODAY).to_json() for each in (platform, shuffled(platform, rng)))
    one["digests"]["spec"] = two["digests"]["spec"] = "of the text"
    assert one == two


@SOME
@given(platform=platforms())
def test_the_same_description_gives_the_same_bytes_and_its_json_the_same_plan(target, platform):
    """Law 1, and what leaves as JSON comes back as it was."""
    lock = update_lock(None, platform, [Target.parse(target)])
    plan = make_plan(platform, target, lock=lock, today=TODAY)
    assert make_plan(platform, target, lock=lock, today=TODAY).dumps() == plan.dumps()
    assert update_lock(lock, platform, [Target.parse(target)]) == lock
    assert Plan.from_json(json.loads(plan.dumps())).dumps() == plan.dumps()


@SOME
@given(platform=platforms())
def test_what_is_observed_in_a_plan_answers_what_was_asked_wherever_the_verdict_is_met(target, platform):
    """Law 2: the round trip, attribute by attribute; what nobody sees is met by the catalogue's word alone."""
    plan = make_plan(platform, target, today=TODAY)
    observed, expanded = observe_plan(plan, platform), expand(platform, TODAY)
    lock, place = update_lock(None, platform, [Target.parse(target)]), site(Target.parse(target), platform)
    absent = without_service(target, expanded.elements)
    assert set(expanded.elements) - set(observed.elements) == absent
    rows = {(row.element, row.attribute): row for row in plan.verdicts}
    assert all(rows[path, "protection"].verdict is Verdict.not_met for path in absent if kind_of(path) == "key")
    for path in expanded.elements.keys() - absent:
        wanted, given_here = asked(expanded, path, lock.addresses.get(path, "")), observed.elements[path]
        for attribute, rule in ATTRIBUTES[kind_of(path)].items():
            row, value, ask = rows[path, attribute], given_here.get(attribute), wanted[attribute]
            said = (path, attribute, ask, value)
            if row.verdict is not Verdict.met:
                continue
            if rule.relation is Relation.untraceable:
                assert value is None, said
            elif row.asked is None and ask is not None:
                # A key of the customer's, where the encryption's own verdict says that the level has none.
                assert attribute in {"key", "system_key"}, said
            elif attribute == "users":
                # Without stores and disks that are not encrypted with the key, whose own verdicts say so.
                assert value == row.asked, said
                assert set(ask) - set(value) <= set(expanded.encrypted_by.get(path, ())), said
            elif value is not None:
                assert answers(kind_of(path), attribute, ask, value), said
            elif not answers(kind_of(path), attribute, ask, None):
                assert attribute in BY_CATALOGUE, said
                assert place.facts[rule.requirement].value is not None, said
            elif attribute in NULLS_OF_NOTHING and rule.relation is Relation.exact:
                assert ask is None or attribute in {"algorithm", "entry", "domain"}, said


@SOME
@given(platform=platforms())
def test_machines_reach_each_other_exactly_as_the_flows_say(target, platform):
    """Law 2 for flows: nothing that is asked is missing, and nothing between machines is open that nobody asked."""
    expanded = expand(platform, TODAY)
    plan = make_plan(platform, target, today=TODAY)
    observed = observe_plan(plan, platform)
    wanted = {(link.source, link.to, link.protocol, written(ports_of(link.ports))) for link in expanded.links}
    found = {(flow.source, flow.to, flow.protocol, written(ports_of(flow.ports))) for flow in observed.flows}
    verdicts = {row.element: row.verdict for row in plan.verdicts if row.attribute == "flows"}
    wider = {one for one in found - wanted if one[1] not in expanded.stores}
    if not has_filters(target):
        # Nothing keeps machines apart: what is open is more than was asked, and never met in silence.
        assert {verdicts[to] for _, to, *_ in wider} <= {Verdict.not_met}
        open_to = {(source, to, protocol) for source, to, protocol, _ in found if to not in expanded.stores}
        for source, to, _ in {one[:3] for one in wanted if one[1] not in expanded.stores} - open_to:
            # What one space alone asks of a zone's machine moves nothing of the zone (law 4): told, never met.
            assert {source.split("/")[0], to.split("/")[0]} == {"space", "zone"}, (source, to)
            assert verdicts[to] is Verdict.not_met, (source, to)
        return
    for source, to, *_ in wanted - found:
        # A way for people with a right of their own, which an endpoint that knows no people cannot show: told, never met.
        # A store that knows accounts only, and none was named; or where nothing joins networks, or no plan makes keys for machines.
        # Where a network's way outside is a property of its own, what one space alone asks of a zone cannot open it.
        known = {right.principal for right in expanded.rights_on.get(to, ())}
        reached = reaches_stores(target) and (to not in expanded.stores or knows_machines(target))
        alone = source.startswith("zone/") and to.startswith("space/") and not filters_within(target)
        assert source not in known or not reached or alone
        assert verdicts[to] is Verdict.not_met
    if not filters_within(target):
        # Told, never met; and between two networks nothing but what is asked.
        assert all(verdicts[to] is Verdict.not_met for _, to, *_ in wider)
        wider = {one for one in wider if network_path(one[0]) != network_path(one[1])}
    assert wider == set()


@SOME
@given(platform=platforms())
def test_nobody_has_a_right_on_a_store_that_no_grant_and_no_flow_gives(target, platform):
    """Law 2 for rights: where the verdict is met they are the asked ones, and no plan gives a machine more than that in silence."""
    expanded = expand(platform, TODAY)
    plan = make_plan(platform, target, today=TODAY)
    observed = observe_plan(plan, platform)
    rows = {row.element: row for row in plan.verdicts if row.attribute == "grants"}
    for path in expanded.stores:
        wanted = {right.words() for right in expanded.rights_on.get(path, ())}
        found = set(observed.elements[path].get("grants") or ())
        if rows[path].verdict is Verdict.met:
            assert found == wanted, path
        elif found - wanted:
            assert rows[path].verdict is Verdict.not_met, (path, found - wanted)
