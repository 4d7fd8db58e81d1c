"""`--update-golden` rewrites the plans on record; a missing one is a failure. No property has a deadline: a busy machine is no defect."""

import pytest
from hypothesis import settings

DEPLOYED = ("openstack:RegionOne", "ovhcloud:GRA", "azure:francecentral", "ehds-node", "hospital-eds")

settings.register_profile("hdh", deadline=None)
settings.load_profile("hdh")


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden plans")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `--dist loadgroup`: what shares a server or a deployment stays in one process, in its order."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Deployments(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return Deployments(config, log)


def group_of(nodeid):
    """The folder of a test; of those that deploy platforms the file, and which platform or target it is."""
    file, _, rest = nodeid.partition("::")
    if "end_to_end" not in file:
        return file.rpartition("/")[0]
    if file.endswith("test_every_cloud.py"):
        return f"{file} {rest.partition('[')[2]}"
    return f"{file} {next((one for one in DEPLOYED if one in rest), '')}"
