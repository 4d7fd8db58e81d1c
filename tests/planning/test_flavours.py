"""The sizes of machines that a plan uses, and what they cost by the hour."""

from __future__ import annotations

import datetime
import io

import pytest
from rich.console import Console

import hdh_infra as hdh
from hdh_infra.catalogue.load import site
from hdh_infra.cli.tables import print_plan
from hdh_infra.clouds import of
from hdh_infra.graph.plan import ChosenFlavour, Plan
from hdh_infra.graph.text import text_of
from hdh_infra.model.expand import expand
from hdh_infra.model.target import Target
from hdh_infra.planning.assemble import make_plan

TODAY = datetime.date(2026, 11, 23)
TARGETS = ("azure:francecentral", "ovhcloud:GRA", "openstack:RegionOne")
SMALL = hdh.load("examples/small.yaml")


@pytest.fixture(scope="module", params=TARGETS)
def planned(request: pytest.FixtureRequest) -> tuple[Plan, Target]:
    where = Target.parse(request.param)
    return make_plan(SMALL, where, today=TODAY), where


def test_every_machine_and_replica_is_counted_once(planned):
    plan, where = planned
    counted = {path: count for one in plan.flavours for path, count in one.machines.items()}
    beside = of(where).service_machines(expand(SMALL, TODAY), site(where, SMALL))
    machines = {**expand(SMALL, TODAY).machines, **beside}
    assert counted == {path: machine.count for path, machine in machines.items()}
    assert bool(beside) == (where.cloud == "ovhcloud")
    assert sum(map(len, (one.machines for one in plan.flavours))) == len(counted)


def test_a_size_and_its_price_are_the_catalogues(planned):
    plan, where = planned
    for one in plan.flavours:
        known = site(where, SMALL).flavour_named(one.name)
        assert known is not None
        assert (one.vcpus, one.memory, one.price_eur_hour) == (known.vcpus, int(known.memory), known.price_eur_hour)
        assert (one.source, one.as_of) == (known.source, str(known.as_of))


def flavour(name: str, price: float | None, **machines: int) -> ChosenFlavour:
    return ChosenFlavour(name, 4, 2**34, 0, price, "a list", "2026-09-26", machines)


def shown(*flavours: ChosenFlavour) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_plan(Plan("small", "ovhcloud:GRA", {}, {}, (), flavours=flavours), console)
    return console.file.getvalue()


def test_a_price_that_nobody_knows_is_said_to_be_unknown_and_is_no_part_of_the_sum():
    told = shown(flavour("b3-16", 0.1, a=2, b=1), flavour("r3-64", None, c=2))
    assert "machines: 0.30 EUR/h, list price without VAT" in told
    assert "2 of them are not in the sum: their price is unknown" in told
    assert "unknown  unknown" in told
    assert "list price without VAT" not in shown(flavour("r3-64", None, c=2))


def test_the_text_to_compare_says_the_size_and_the_price():
    of = Plan(
        "small", "ovhcloud:GRA", {}, {}, (), flavours=(flavour("b3-16", 0.1, a=2, b=1), flavour("r3-64", None, c=2))
    )
    told = text_of(of)
    assert "      3 x machine b3-16 (4 vCPU, 16GiB): 0.1000 EUR/h each\n" in told
    assert "      2 x machine r3-64 (4 vCPU, 16GiB): price unknown\n" in told
