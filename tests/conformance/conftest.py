"""Every test that takes a `target` is held on one region of each offer of the catalogue that something can be deployed to."""

from collections.abc import Iterable

from hdh_infra.catalogue.load import first_regions, site
from hdh_infra.model.paths import kind_of
from hdh_infra.model.target import Target
from hdh_infra.planning.keyless import is_keyless

TARGETS = [str(target) for target in first_regions()]


def pytest_generate_tests(metafunc):
    if "target" in metafunc.fixturenames:
        metafunc.parametrize("target", TARGETS)


def country_of(target: str) -> str | None:
    """Where a target lies by the catalogue; None where only its operator can say."""
    return site(Target.parse(target)).country


def without_keys(target: str, elements: Iterable[str]) -> set[str]:
    """The elements, without keys where the target's offer has no key service: nothing stands for them there."""
    keyless = is_keyless(site(Target.parse(target)))
    return {path for path in elements if not (keyless and kind_of(path) == "key")}


def reaches_stores(target: str) -> bool:
    """Whether every machine with a right on a store comes to it: networks are joined, and a plan can give it a key."""
    native = site(Target.parse(target)).offer.native
    return native.get("routers") is not False and native.get("machine_credentials") is not False
