"""What a person is told of a failure, and whose stack it is."""

from types import SimpleNamespace

import pytest

from hdh_infra.deploy import stored
from hdh_infra.deploy.request import Silent
from hdh_infra.deploy.watching import Watch

URN = "urn:pulumi:s::hdh-platform::openstack:networking/network:Network::zone/lake/network"


def event(message: str) -> SimpleNamespace:
    empty = dict.fromkeys(("resource_pre_event", "res_outputs_event", "res_op_failed_event"))
    return SimpleNamespace(**empty, diagnostic_event=SimpleNamespace(severity="error", message=message, urn=URN))


def test_a_providers_error_is_told_once_in_its_own_words():
    watch = Watch("up", Silent())
    said = "Error creating network: Expected HTTP response code [201], but got 403 instead"
    watch(event(f"error: sdk-v2/provider2.go:571: sdk.helper_schema: {said}: provider=openstack@5.5.3"))
    watch(event(f"error: 1 error occurred:\n\t* {said}\n\n"))
    error = watch.error("openstack:RegionOne", SimpleNamespace())
    assert str(error).count(said) == 1
    assert "helper_schema" not in str(error)
    assert "zone/lake/network" in str(error)


def test_what_is_said_once_more_in_other_wrapping_is_told_once():
    watch = Watch("up", Silent())
    said = "Error waiting for instance (x) to become ready: unexpected state 'ERROR', wanted target 'ACTIVE'"
    watch(
        event(
            f"error: sdk-v2/provider2.go:571: sdk.helper_schema: {said}. last error: %!s(<nil>): provider=openstack@5.5.3"
        )
    )
    watch(event(f"error: creating {URN}: 1 error occurred:\n\t* {said}. last error: %!s(<nil>)\n\n"))
    error = str(watch.error("openstack:RegionOne", SimpleNamespace()))
    assert error.count(said) == 1
    assert "nil" not in error
    assert "urn:" not in error


def test_a_failed_look_up_is_told_without_a_traceback():
    watch = Watch("up", Silent())
    said = "invoke of openstack:images/getImage:getImage failed: One of 'auth_url' or 'cloud' must be specified"
    failed = event(f"error: python inline source runtime error: {said}\nTraceback (most recent call last):\n  File x")
    failed.diagnostic_event.urn = "urn:pulumi:s::hdh-platform::pulumi:pulumi:Stack::hdh-platform-s"
    watch(failed)
    error = str(watch.error("openstack:RegionOne", SimpleNamespace()))
    assert said in error
    assert "Traceback" not in error
    assert "inline source" not in error


@pytest.mark.parametrize(("outputs", "name"), [({"platform": "clinic"}, "clinic"), ({}, None), (None, None)])
def test_a_stack_says_which_platform_it_holds(outputs, name):
    stack = {"type": "pulumi:pulumi:Stack", "urn": "urn:x", "outputs": outputs}
    assert stored.platform_of({"deployment": {"resources": [stack]}}) == name
    assert stored.platform_of({}) is None


def test_what_a_cloud_is_known_to_want_is_said_once_beside_its_own_words():
    from hdh_infra.clouds import cloud

    watch = Watch("up", Silent())
    said = 'Status=403 Code="KeyVaultAuthenticationFailure" Message="The operation failed."'
    for name in ("one", "two"):
        failed = event(f"error: {said}")
        failed.diagnostic_event.urn = URN.replace("zone/lake/network", f"zone/lake/store/{name}/account")
        watch(failed)
    error = str(watch.error("azure:francecentral", SimpleNamespace(), cloud("azure")))
    assert error.count(said) == 2
    assert error.count("up to ten minutes") == 1
    assert "Mend what" not in error
    assert "`hdh up` again" in error
    watch(event("error: something that nobody knows"))
    assert "Mend what each line says" in str(watch.error("azure:francecentral", SimpleNamespace(), cloud("azure")))
