"""One reader for plans and states: what the cloud gives back by ids, URLs and members means what the plan meant."""

from hdh_infra.catalogue.load import site
from hdh_infra.clouds import of
from hdh_infra.graph.observation import Natives
from hdh_infra.model.target import Target

TARGET = Target.parse("s3ns:u-france-east1")


def read(natives, platform, source="state"):
    cloud = of(TARGET)
    return cloud.observe(Natives(natives, source, cloud.identifiers), site(TARGET, platform))


def test_a_state_is_read_as_the_plan_that_made_it(clinic, deployment, described, simulated):
    planned_here, held = deployment.observe(), read(simulated(clinic), described())
    assert held.elements == planned_here.elements
    for part in ("flows", "service_flows", "egress", "entry", "remarks"):
        assert getattr(held, part) == getattr(planned_here, part), part


def test_what_lies_in_a_state_points_at_things_otherwise_than_a_plan_does(clinic, simulated):
    """Else the test above would hold for a reader of forms alone."""
    natives = {one.path: one for one in simulated(clinic)}
    subnet, right = (
        natives["zone/lake/subnet"],
        natives["zone/lake/right/zone.lake.machine.adder-zone.lake.store.data-append"],
    )
    assert subnet.properties["network"].startswith("https://compute.s3nsapis.fr/compute/v1/projects/s3ns:sandbox/")
    assert right.properties["bucket"].startswith("b/")
    assert right.properties["member"].endswith("@sandbox.s3ns.iam.gserviceaccount.com")
    assert (
        "/images/debian-12-bookworm"
        in natives["zone/lake/machine/adder/instance/0"].properties["bootDisk"]["initializeParams"]["image"]
    )


def test_a_member_of_a_service_of_the_cloud_is_told_by_a_domain_where_no_customer_makes_accounts(
    clinic, described, simulated
):
    platform = described()
    natives = simulated(clinic)
    stolen = [
        type(one)(
            one.path,
            one.type,
            {**one.properties, "member": "serviceAccount:service-1@compute-system.evil.s3ns.iam.gserviceaccount.com"},
            one.id,
        )
        if one.path == "key/lake/use/disks"
        else one
        for one in natives
    ]
    users = read(stolen, platform).elements["key/lake"]["users"]
    assert "serviceAccount:service-1@compute-system.evil.s3ns.iam.gserviceaccount.com" in users
    assert "zone/lake/machine/adder" not in users, "its disk's service has no right on the key any more"


def test_a_plan_is_made_twice_the_same(described, planned):
    assert [node.to_json() for node in planned(described())] == [node.to_json() for node in planned(described())]
