"""A platform that has everything Azure lowers: every kind, every link, a way out, retention, rotation, replicas."""

import copy
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
        "administration": {
            "entry": "bastion",
            "machines": {"console": {"vcpus": 2, "memory": "4GB", "disk": {"key": "projects"}}},
        },
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

PEOPLE = {
    "keepers": "00000000-0000-4000-8000-0000000000A1",
    "researchers": "00000000-0000-4000-8000-0000000000a2",
    "reviewers": "00000000-0000-4000-8000-0000000000a3",
}
# What the platform above does not ask: people, duties apart, logs, ages, two keys of one machine, an airlock, a closed space.
WIDE = {
    "name": "wide",
    "residency": {"countries": ["FR"]},
    "network": {"address_space": "10.64.0.0/16", "domain": "hdh.internal"},
    "groups": {name: {"description": f"the {name} of the trial"} for name in PEOPLE},
    "keys": {
        "lake": {
            "protection": "hsm",
            "algorithm": "rsa-4096",
            "grace_days": 60,
            "custody": "provider",
            "users": ["group/researchers", "zone/lake/machine/spark"],
            "administrators": ["keepers"],
        },
        "boot": {},
    },
    "zones": {
        "lake": {
            "stores": {
                "snds": {
                    "size": "2TB",
                    "key": "lake",
                    "soft_delete_days": 90,
                    "redundancy": "region",
                    "expiry": [{"prefix": "tmp/", "days": 30}, {"prefix": "old/", "days": 90, "old_versions_days": 60}],
                    "grants": [
                        {"to": "zone/lake/machine/spark", "access": "write"},
                        {"to": "zone/lake/machine/feeder", "access": "append"},
                        {"to": "zone/lake/machine/feeder", "access": "read"},
                        {"to": "group/researchers", "access": "read"},
                    ],
                },
            },
            "machines": {
                "spark": {
                    "count": 2,
                    "vcpus": 4,
                    "memory": "16GB",
                    "disk": {"size": "200GB", "key": "lake"},
                    "system_disk": {"size": "64GB", "encryption": "customer-key", "key": "boot"},
                    "spread": "zones",
                },
                "feeder": {"vcpus": 2, "memory": "4GB", "disk": {"key": "lake"}},
                "dumb": {"vcpus": 2, "memory": "4GB", "disk": {"key": "lake"}, "identity": False},
            },
        },
        "audit": {
            "stores": {
                "logs": {
                    "size": "1TB",
                    "key": "lake",
                    "retention": {"days": 365},
                    "grants": [{"to": "group/reviewers", "access": "read"}],
                }
            }
        },
        "administration": {"machines": {"console": {"vcpus": 2, "memory": "4GB", "disk": {"key": "boot"}}}},
    },
    "spaces": {
        "defaults": {
            "stores": {"work": {"size": "500GB"}},
            "machines": {"desktop": {"vcpus": 2, "memory": "8GB", "disk": {"size": "100GB"}}},
            "flows": [{"to": "store/work"}],
            "airlock": {
                "export": {"reviewers": 2, "outside": "group/researchers"},
                "review": "group/reviewers",
                "mover": "zone/administration/machine/console",
            },
            "key": {"administrators": ["keepers"]},
        },
        "projects": {"open": {"members": 4}, "ended": {"members": 2, "ends": "2026-01-31"}},
    },
    "flows": [
        {"from": "zone/lake/machine/spark", "to": "zone/lake/store/snds", "ports": [443]},
        {"from": "zone/lake/machine/feeder", "to": "zone/lake/store/snds", "ports": [443]},
        {"from": "zone/administration", "to": "zone/lake", "ports": [22]},
    ],
    "egress": [{"from": "zone/lake/machine/feeder", "to": "*.debian.org", "ports": [80, 443]}],
    "audit": {"store": "zone/audit/store/logs", "flows": True},
    "targets": {TARGET: {"groups": PEOPLE}},
}


# Everything logged, searched and backed up that can be.
WATCHED = {
    "name": "watched",
    "residency": {"countries": ["FR"]},
    "network": {"address_space": "10.64.0.0/16"},
    "groups": {name: {"description": f"the {name} of the trial"} for name in PEOPLE},
    "keys": {"lake": {"protection": "hsm"}, "audit": {"protection": "hsm"}},
    "zones": {
        "lake": {
            "stores": {
                "snds": {"size": "2TB", "key": "lake"},
                "open": {
                    "size": "1TB",
                    "encryption": "provider-key",
                    "backup": {"every_days": 1, "keep_days": 400, "where": "region"},
                },
            },
            "machines": {
                "spark": {"count": 2, "vcpus": 4, "memory": "16GB", "disk": {"size": "200GB", "key": "lake"}},
                "plain": {"vcpus": 2, "memory": "4GB", "disk": {"size": "20GB", "encryption": "provider-key"}},
                "bare": {"vcpus": 2, "memory": "4GB", "disk": {"key": "lake"}},
            },
        },
        "audit": {
            "stores": {
                "logs": {
                    "size": "1TB",
                    "key": "audit",
                    "retention": {"days": 365, "mode": "governance"},
                    "grants": [{"to": "group/reviewers", "access": "read"}],
                }
            }
        },
    },
    "spaces": {
        "defaults": {
            "stores": {
                "work": {"size": "500GB"},
                "shared": {"size": "10GB", "encryption": "provider-key", "backup": {"every_days": 9, "keep_days": 30}},
            },
            "machines": {"desktop": {"vcpus": 2, "memory": "8GB", "disk": {"size": "100GB"}}},
            "flows": [{"to": "store/work"}, {"to": "store/shared"}],
        },
        "projects": {"open": {"members": 4}, "ended": {"members": 2, "ends": "2026-01-31"}},
    },
    "flows": [{"from": "zone/lake/machine/spark", "to": "zone/lake/store/*", "ports": [443]}],
    "egress": [{"from": "zone/lake/machine/plain", "to": "203.0.113.0/24", "ports": [443]}],
    "audit": {"store": "zone/audit/store/logs"},
    "backup": {"disks": {"every_days": 1, "keep_days": 30}},
    "targets": {TARGET: {"groups": PEOPLE, "log_search_days": 90}},
}


@pytest.fixture(scope="session")
def watched_plan():
    return make_plan(Platform.model_validate(WATCHED), TARGET, today=TODAY)


@pytest.fixture
def watched_described():
    return copy.deepcopy(WATCHED)


@pytest.fixture(scope="session")
def wide():
    return Platform.model_validate(WIDE)


@pytest.fixture(scope="session")
def wide_plan(wide):
    return make_plan(wide, TARGET, today=TODAY)


@pytest.fixture
def wide_described():
    return copy.deepcopy(WIDE)


@pytest.fixture(scope="session")
def planned_on():
    """Make the plan of another description on another target."""
    return lambda description, target: make_plan(Platform.model_validate(description), target, today=TODAY)


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
