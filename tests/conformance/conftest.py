"""Every test that takes a `target` is held on one region of each cloud of the catalogue."""

from hdh_infra.catalogue.load import targets

TARGETS = [str(target) for target in targets() if target.region in {"francecentral", "RegionOne", "GRA"}]


def pytest_generate_tests(metafunc):
    if "target" in metafunc.fixturenames:
        metafunc.parametrize("target", TARGETS)
