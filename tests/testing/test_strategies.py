"""The published strategies: only what the model accepts, with every field of it, and quick enough to be used."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from hdh_infra.catalogue.load import targets
from hdh_infra.model.check import check
from hdh_infra.model.check_meaning import check_dates
from hdh_infra.model.expand import expand
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import update_lock
from hdh_infra.planning.load import check_fits, check_targets
from hdh_infra.testing.strategies import (
    ENDED,
    OPEN_UNTIL,
    TARGETS,
    airlocks,
    keys,
    machines,
    names,
    platforms,
    spaces,
    stores,
    zones,
)

SOME = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
MANY = settings(SOME, max_examples=600, phases=[Phase.generate], derandomize=True, database=None)

DRAWN_BY_USERS = {
    "Platform.replace": "the word for one change between two descriptions",
    "Platform.waivers": "what is met, and so what is waived, differs between offers",
    "Platform.overrides": "native paths belong to one cloud",
    "TargetSettings.existing": "native ids belong to one account",
    "TargetSettings.project": "native ids belong to one account",
    "TargetSettings.state": "the engine's, and no part of a plan",
    "TargetSettings.measured": "what the endpoints of one account answered",
    "TargetSettings.external_network": "a name of one cloud",
    "TargetSettings.region_name": "a name of one cloud",
    "TargetSettings.administrators": "native ids belong to one directory",
    "Zone.address_range": "the lock gives them; by hand they collide with each other",
    "Space.address_range": "likewise",
}
"""Fields that no strategy draws, each with its reason."""


def given_fields(value: Any) -> Iterator[str]:
    """Every field that is given something else than its default, at any depth."""
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            item = getattr(value, name)
            if info.is_required() or item != info.get_default(call_default_factory=True):
                yield f"{type(value).__name__}.{name}"
                yield from given_fields(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from given_fields(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from given_fields(item)


def fields_of(model: type[BaseModel]) -> set[str]:
    """Every field of a model and of the models in it."""
    found: set[str] = set()
    left: list[Any] = [model]
    done: set[Any] = set()
    while left:
        one = left.pop()
        if one in done:
            continue
        done.add(one)
        if isinstance(one, type) and issubclass(one, BaseModel):
            found |= {f"{one.__name__}.{name}" for name in one.model_fields}
            left += [info.annotation for info in one.model_fields.values()]
        else:
            left += [arg for arg in getattr(one, "__args__", ()) if arg is not Ellipsis]
    return found


@SOME
@given(platform=platforms())
def test_the_model_and_the_catalogue_accept_every_platform(platform):
    assert [str(one) for one in check(platform)] == []
    assert [str(one) for one in check_targets(platform)] == []
    assert [str(one) for one in check_fits(platform, map(Target.parse, TARGETS))] == []
    assert Platform.model_validate(platform.model_dump(mode="json", by_alias=True)) == platform


@SOME
@given(platform=platforms(), today=st.dates(ENDED + datetime.timedelta(days=1), OPEN_UNTIL))
def test_any_day_between_the_two_ends_is_a_good_today(platform, today):
    expanded = expand(platform, today)
    assert check_dates(platform, expanded, today) == []
    wanted = {f"space/{name}" for name, space in platform.spaces.projects.items() if space.ends == ENDED}
    assert expanded.closed == wanted


@SOME
@given(platform=platforms(spaces=(2, 4)))
def test_there_are_as_many_spaces_as_asked_and_room_for_all_of_them(platform):
    assert 2 <= len(platform.spaces.projects) <= 4
    update_lock(None, platform, [Target.parse(one) for one in TARGETS])


def test_every_field_of_the_model_is_drawn_or_has_a_reason_why_not():
    seen: set[str] = set()

    @MANY
    @given(platform=platforms())
    def draw(platform):
        seen.update(given_fields(platform))

    draw()
    wanted = fields_of(Platform) - {name for name in fields_of(Platform) if name.split(".")[0] in UNDRAWN}
    assert wanted - seen - DRAWN_BY_USERS.keys() == set()
    assert DRAWN_BY_USERS.keys() & seen == set(), "it is drawn: take its reason out"


UNDRAWN = {"Passing", "Waiver", "Replacement", "StateSettings", "Existing"}
"""Models of the parts above."""


def test_what_is_not_rich_has_only_the_few_fields_that_every_platform_has():
    seen: set[str] = set()

    @MANY
    @given(platform=platforms(rich=False))
    def draw(platform):
        seen.update(given_fields(platform))

    draw()
    assert {one for one in seen if one.startswith("Platform.")} == {
        "Platform.name", "Platform.residency", "Platform.keys", "Platform.zones", "Platform.spaces", "Platform.flows",
    }  # fmt: skip
    assert "Store.grants" not in seen
    assert "Space.ends" not in seen


@pytest.mark.parametrize(
    "strategy",
    [
        names(),
        stores(keys=["k"], principals=["group/g", "zone/a"]),
        machines(keys=["k"]),
        keys(groups=["g"], users=["group/g"]),
        airlocks(keys=["k"], machines=["zone/a/machine/m"], people=["group/g"]),
        zones(stores=["s"], machines=["m"], keys=["k"]),
        spaces("p", stores=["s"], machines=["m"], keys=["k"], groups=["g"]),
        platforms(rich=False),
    ],
    ids=["names", "stores", "machines", "keys", "airlocks", "zones", "spaces", "platforms"],
)
def test_every_part_can_be_drawn_by_itself(strategy):
    drawn = []

    @settings(SOME, max_examples=30)
    @given(value=strategy)
    def draw(value):
        drawn.append(value)

    draw()
    assert len(drawn) >= 10


def test_the_targets_of_the_strategies_are_in_the_catalogue():
    assert set(TARGETS) <= {str(one) for one in targets()}
