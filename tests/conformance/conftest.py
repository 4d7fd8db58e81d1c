"""Every test that takes a `target` is held on one region of each offer of the catalogue that something can be deployed to."""

from hdh_infra.catalogue.load import first_regions, site
from hdh_infra.model.target import Target

TARGETS = [str(target) for target in first_regions()]


def pytest_generate_tests(metafunc):
    if "target" in metafunc.fixturenames:
        metafunc.parametrize("target", TARGETS)


def country_of(target: str) -> str | None:
    """Where a target lies by the catalogue; None where only its operator can say."""
    return site(Target.parse(target)).country
