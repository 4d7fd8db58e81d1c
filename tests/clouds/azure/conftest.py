"""A platform that has everything Azure lowers: every kind, every link, a way out, retention, rotation, replicas."""

import datetime

import pytest

from hdh_infra.model.platform import Platform
from hdh_infra.planning import make_plan

TARGET = "azure:francecentral"
TODAY = datetime.date(2026, 11, 23)
DESCRIBED = {
    "name": "trial",
    "residency": {"countries": ["FR"]},
    "network": {"address_space": "10.64.0.0/16"},
    "tags": {"environment": "trial"},
    "keys": {"lake": {"protection": "hsm", "rotation_days": 365}, "projects": {}},
    "zones": {
        "lake": {
            "stores": {
                "snds": {"size": "2TB", "key": "lake"},
                "logs": {"size": "1TB", "retention": {"days": 365, "mode": "governance"}},
                "open": {"size": "1TB", "encryption": "provider-key", "versioning": False},
            },
            "machines": {
                "spark": {"count": 2, "vcpus": 4, "memory": "16GB", "disk": {"size": "200GB", "key": "lake"}},
                "plain": {"vcpus": 2, "memory": "4GB", "disk": {"size": "20GB", "encryption": "provider-key"}},
            },
        },
        "administration": {"machines": {"console": {"vcpus": 2, "memory": "4GB", "disk": {"key": "projects"}}}},
    },
    "spaces": {
        "defaults": {
            "stores": {"work": {"size": "500GB", "key": "projects"}},
            "machines": {
                "desktop": {"vcpus": 2, "memory": "8GB", "image": "ubuntu-24-04", "disk": {"size": "100GB"}},
            },
        },
        "projects": {"cohort-a": {"members": 4}, "cohort-b": {"members": 2}},
    },
    "flows": [
        {"from": "zone/lake/machine/spark", "to": "zone/lake/machine/spark", "ports": ["7077-7078"]},
        {"from": "zone/lake/machine/spark", "to": "zone/lake/store/*", "ports": [443]},
        {"from": "space/cohort-a", "to": "space/cohort-a/store/work", "ports": [443]},
        {"from": "space/cohort-b", "to": "space/cohort-b/store/work", "ports": [443]},
        {"from": "space/*", "to": "zone/lake/store/snds", "ports": [443]},
        {"from": "zone/administration", "to": "zone/lake", "ports": [22]},
        {"from": "zone/administration", "to": "space/*", "ports": [22, 5900]},
        {"from": "space/cohort-a", "to": "space/cohort-b", "ports": [8443], "protocol": "udp"},
    ],
    "egress": [{"from": "zone/administration", "to": "203.0.113.0/24", "ports": [443]}],
    "targets": {TARGET: {"administrators": ["00000000-0000-4000-8000-000000000001"]}},
}


@pytest.fixture(scope="session")
def platform():
    return Platform.model_validate(DESCRIBED)


@pytest.fixture(scope="session")
def plan(platform):
    return make_plan(platform, TARGET, today=TODAY)


@pytest.fixture(scope="session")
def described():
    return DESCRIBED


@pytest.fixture(scope="session")
def planned():
    """Make the plan of another description."""
    return lambda description: make_plan(Platform.model_validate(description), TARGET, today=TODAY)
