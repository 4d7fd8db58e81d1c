"""How old a row is and whether a qualification holds are functions of the day, and of nothing else."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.catalogue.load import first_regions, site
from hdh_infra.catalogue.schema import Qualification
from hdh_infra.catalogue.showing import Sheet
from hdh_infra.catalogue.validity import (
    SOON,
    STALE_AFTER,
    VERY_SOON,
    Standing,
    days_left,
    is_stale,
    standing,
    standing_words,
)

END = datetime.date(2026, 11, 30)
DAY = datetime.timedelta(days=1)


def qualified(**more):
    return Qualification(**{"framework": "SecNumCloud-3.2", "status": "qualified", "valid_until": END, "source": "a test of it", "as_of": "2026-09-15", "confidence": "secondary", "reason": "for this test", **more})  # fmt: skip


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (SOON + 1, Standing.valid),
        (SOON, Standing.ends_soon),
        (VERY_SOON + 1, Standing.ends_soon),
        (VERY_SOON, Standing.ends_very_soon),
        (0, Standing.ends_very_soon),
        (-1, Standing.expired),
    ],
)
def test_a_qualification_is_announced_before_its_last_day_holds_on_it_and_is_expired_after_it(before, found):
    assert standing(qualified(), END - before * DAY) is found
    assert found.holds is (before >= 0)


@given(days=st.integers(-4000, 4000))
def test_a_later_day_never_gives_a_qualification_more(days):
    order = [Standing.valid, Standing.ends_soon, Standing.ends_very_soon, Standing.expired]
    here, later = (standing(qualified(), END + (days + more) * DAY) for more in (0, 1))
    assert order.index(here) <= order.index(later)
    assert days_left(qualified(), END + days * DAY) == -days


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"valid_until": None}, Standing.undated),
        ({"valid_from": "2026-10-01"}, Standing.not_yet),
        ({"valid_until": None, "status": "in-progress"}, Standing.in_progress),
        ({"valid_until": None, "status": "not-qualified"}, Standing.not_qualified),
        ({"valid_until": None, "status": None, "confidence": "unknown"}, Standing.unknown),
    ],
)
def test_what_has_no_end_or_is_not_qualified_is_said_so(more, found):
    day = datetime.date(2026, 9, 20)
    assert standing(qualified(**more), day) is found
    assert standing_words(qualified(**more), day)
    assert not found.warns


@pytest.mark.parametrize("kind", STALE_AFTER)
def test_a_row_is_old_the_day_after_its_kind_s_days_and_never_before_it_was_read(kind):
    row = qualified()
    assert not is_stale(row, kind, row.as_of + STALE_AFTER[kind] * DAY)
    assert is_stale(row, kind, row.as_of + (STALE_AFTER[kind] + 1) * DAY)
    assert not is_stale(row, kind, row.as_of - 1000 * DAY)


@pytest.mark.parametrize("target", first_regions(), ids=str)
def test_what_is_old_only_grows_and_ten_years_later_everything_is(target):
    days = [datetime.date(2026, 11, 25) + year * 365 * DAY for year in (0, 1, 10)]
    now, next_year, much_later = ({one.what for one in Sheet(site(target), day).stale} for day in days)
    offer = site(target).offer
    assert now <= next_year <= much_later
    assert {f"fact {fact.attribute}" for fact in offer.facts} <= much_later
    assert {f"price {unit}" for unit in offer.prices} <= much_later
