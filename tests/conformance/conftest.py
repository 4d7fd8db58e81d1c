"""Every test that takes a `target` is held on one region of each offer of the catalogue that something can be deployed to.

A law is tried on few platforms of each offer, since there are many offers; HDH_EXAMPLES=25 looks deeper.
"""

from hdh_infra.catalogue.load import first_regions

TARGETS = [str(target) for target in first_regions()]


def pytest_generate_tests(metafunc):
    if "target" in metafunc.fixturenames:
        metafunc.parametrize("target", TARGETS)
