"""Honest cells: unknown is said only where the catalogue's row says so, and differs names a means that is listed for it."""

import datetime
import os

from hypothesis import HealthCheck, given, settings

from hdh_infra.catalogue.load import site
from hdh_infra.model.scales import Verdict
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from hdh_infra.planning.whole import REVIEW_MEANS
from hdh_infra.testing.strategies import platforms

TODAY = datetime.date(2026, 11, 25)
SOME = settings(
    max_examples=int(os.environ.get("HDH_EXAMPLES", "8")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@SOME
@given(platform=platforms())
def test_unknown_is_what_the_catalogue_does_not_know_or_what_exists_and_only_live_shows(target, platform):
    place = site(Target.parse(target), platform)
    limits = {limit.key: limit for limit in place.offer.limits}
    for row in make_plan(platform, target, today=TODAY).verdicts:
        if row.verdict is not Verdict.unknown:
            continue
        if row.requirement.startswith("capacity."):
            limit = limits[row.attribute]
            assert limit.value is None or limit.confidence == "inferred" or row.asked is None, row
        elif place.settings.existing_of(row.element) is None:
            # What no row of the catalogue answers, the plan shows, or it is not made: then only live shows it.
            fact = place.facts.get(row.requirement)
            assert fact.value is None if fact is not None else row.given is None, row


@SOME
@given(platform=platforms())
def test_differs_names_a_means_of_the_row_or_one_that_the_description_itself_has(target, platform):
    place = site(Target.parse(target), platform)
    for row in make_plan(platform, target, today=TODAY).verdicts:
        if row.verdict is Verdict.differs:
            fact = place.facts.get(row.requirement)
            listed = {fact.means} if fact is not None else set()
            if row.requirement == "airlock.review":
                listed.add(REVIEW_MEANS)
            own = (
                row.requirement == "store.encryption"
                and row.means.startswith("encrypted by who writes")
                and row.means.endswith("(client_side)")
            )
            assert row.means in listed or own or row.attribute == "origin", row
        else:
            assert row.means is None, row
