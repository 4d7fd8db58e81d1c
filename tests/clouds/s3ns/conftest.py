"""A platform with all that is lowered on S3NS, its natives as a state of the simulated cloud holds them, and changes to them."""

import pytest

from hdh_infra.catalogue.load import Site, site
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import fill, get_output, transform
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning import make_plan
from tests.clouds.deployments import TODAY, Deployment, deployed

TARGET = Target.parse("s3ns:u-france-east1")
KEEPERS = "principalSet://iam.googleapis.com/locations/global/workforcePools/clinic/group/keepers"
MACHINE = {"vcpus": 2, "memory": "4GB", "disk": {"size": "50GB", "key": "lake"}}
CLINIC = {
    "name": "clinic",
    "residency": {"countries": ["FR"]},
    "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q a person"],
    "network": {"address_space": "10.64.0.0/16", "domain": "clinic.internal", "flow_logs": True},
    "groups": {"keepers": {"description": "those who keep keys"}},
    "keys": {
        "lake": {
            "rotation_days": 90,
            "grace_days": 60,
            "users": ["zone/lake/machine/worker"],
            "administrators": ["keepers"],
        },
    },
    "zones": {
        "lake": {
            "stores": {
                "data": {
                    "size": "10TB",
                    "key": "lake",
                    "grants": [
                        {"to": "zone/lake/machine/worker", "access": "write"},
                        {"to": "zone/lake/machine/adder", "access": "append"},
                        {"to": "space/*", "access": "read"},
                    ],
                    "expiry": [{"days": 400}, {"prefix": "tmp/", "old_versions_days": 30}],
                },
                "logs": {"size": "1TB", "key": "lake", "retention": {"days": 400}, "versioning": True, "grants": []},
            },
            "machines": {
                "worker": {**MACHINE, "count": 3, "spread": "zones"},
                "adder": {"vcpus": 2, "memory": "4GB", "disk": {"key": "lake"}},
            },
        },
        "gate": {
            "machines": {"mover": {"vcpus": 2, "memory": "4GB", "disk": {"key": "lake"}, "startup": "#!/bin/sh\n"}}
        },
    },
    "spaces": {
        "defaults": {
            "machines": {"desktop": {**MACHINE, "image": "ubuntu-24-04"}},
            "flows": [{"to": "zone/lake/store/data"}, {"to": "zone/lake/machine/worker", "ports": [8443]}],
        },
        "projects": {"cohort-a": {"members": 4}, "cohort-b": {"members": 2}},
    },
    "flows": [
        {"from": "zone/lake", "to": "zone/lake/store/data", "ports": [443]},
        {"from": "zone/gate", "to": "space/*", "ports": [22]},
    ],
    "egress": [{"from": "zone/gate", "to": "192.0.2.0/24", "ports": [443]}],
    "targets": {str(TARGET): {"project": "s3ns:sandbox", "groups": {"keepers": KEEPERS}}},
}


def described(**changes) -> Platform:
    return Platform.model_validate({**CLINIC, **changes})


def planned(platform: Platform) -> list[Node]:
    return list(make_plan(platform, TARGET, today=TODAY).nodes)


def simulated(nodes: list[Node], directory) -> list[Native]:
    """What a state holds of a plan that was deployed to the simulated cloud: ids, URLs and members as it answers them."""
    from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
    from hdh_infra.sandbox.simulator.store import Store
    from hdh_infra.sandbox.simulator.wire import plain

    store = Store(directory / "cloud.sqlite", directory / "cloud.key")
    cloud = SimulatedCloud("gcp", store)
    made: dict[str, dict] = {}
    natives = []

    def real(kind, form):
        if kind == "$ref":
            return get_output(made[form["$ref"]], form["output"])
        if kind == "$lookup":
            return get_output(cloud.invoke(form["$lookup"], form["args"]), form["output"])
        if kind == "$format":
            return fill(form["$format"], [str(transform(one, real)) for one in form["args"]])
        raise AssertionError(kind)

    for node in nodes:
        inputs = transform(dict(node.properties), real)
        assert cloud.check(node.type, node.path, b"", {}, inputs)[1] == [], node.path
        row = cloud.create(node.type, inputs)
        outputs = plain(cloud.outputs(row))
        made[node.path] = {"id": row.id, **outputs}
        natives.append(Native(node.path, node.type, {**inputs, **outputs}, row.id))
    store.close()
    return natives


@pytest.fixture(scope="session", name="described")
def _described():
    return described


@pytest.fixture(scope="session", name="planned")
def _planned():
    return planned


@pytest.fixture(name="simulated")
def _simulated(tmp_path):
    return lambda nodes: simulated(nodes, tmp_path)


@pytest.fixture(scope="session")
def place() -> Site:
    return site(TARGET, described())


@pytest.fixture(scope="session")
def clinic() -> list[Node]:
    return planned(described())


@pytest.fixture
def deployment(clinic, place) -> Deployment:
    return deployed(clinic, place)
