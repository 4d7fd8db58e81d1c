"""A platform small enough to hold by hand, its observation, and the real plans of the example."""

import datetime
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.graph.observation import Observation, ObservedFlow

TODAY = datetime.date(2026, 11, 23)
SMALL = Path(__file__).parents[2] / "examples" / "small.yaml"
EVERYTHING = "every bucket behind s3.example.org"


def flow(source, to, *ports, protocol="tcp", also=()):
    return ObservedFlow(source, to, protocol, tuple(ports), tuple(also))


@pytest.fixture(scope="session")
def small():
    # Without its waivers, so that what is not met stays bare whatever the example accepts.
    return hdh.load(SMALL).model_copy(update={"waivers": ()})


@pytest.fixture(scope="session")
def plans(small):
    return [hdh.plan(small, target, today=TODAY) for target in ("azure:francecentral", "openstack:RegionOne")]


@pytest.fixture
def observed():
    """An observation with flows only, by hand."""

    def make(flows=(), source="plan"):
        return Observation("openstack:RegionOne", source, {}, tuple(flows))

    return make
