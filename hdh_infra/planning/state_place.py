"""Whether the state of a deployment lies where the data of the platform may lie.

The country of a backend follows from its URL, or is declared (`state.country`) where that does not tell. A known
country outside the residency is refused and can never be waived; an unknown one is refused too, but for a folder of
the machine at hand, which is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.places import Place, place_of
from hdh_infra.model.platform import Platform

NO_KEY_SERVICE = "passphrase"
_LOCAL = "file"


def places(place: Site, backend: str, secrets: str, environment: Mapping[str, str]) -> Iterator[tuple[str, str, Place]]:
    """The field of the spec, the URL and the place of the backend and of the key service that encrypts its secrets."""
    state = place.settings.state
    found = place_of(backend, environment, place)
    if state is not None and state.country and state.backend == backend and found.country is None:
        found = Place(state.country, "declared in the description, targets: state")
    yield "backend", backend, found
    if secrets != NO_KEY_SERVICE:
        yield "secrets", secrets, place_of(secrets, environment, place)


def state_outside(
    platform: Platform, place: Site, backend: str, secrets: str, environment: Mapping[str, str]
) -> list[tuple[str, str]]:
    """What of a state is known to lie outside the residency: the field, and the reason in words."""
    asked = platform.residency.countries
    found = [
        (field, f"{shown(url)} lies in {one.country} ({one.why}), and the state may lie in {', '.join(asked)} only")
        for field, url, one in places(place, backend, secrets, environment)
        if one.country is not None and one.country not in asked
    ]
    state = place.settings.state
    if state is not None and state.country and state.backend == backend:
        known = place_of(backend, environment, place)
        if known.country is not None and known.country != state.country:
            found.append(
                ("country", f"{state.country} is declared, and {shown(backend)} lies in {known.country} ({known.why})")
            )
    return found


def state_unknown(
    place: Site, backend: str, secrets: str, environment: Mapping[str, str]
) -> Iterator[tuple[bool, str]]:
    """What of a state nobody knows the place of: whether that blocks, and the reason in words."""
    for field, url, one in places(place, backend, secrets, environment):
        if one.country is None:
            # The key alone opens nothing without the state; a folder is where the person is who looks at it.
            blocks = field == "backend" and urlsplit(url).scheme != _LOCAL
            yield blocks, f"where {shown(url)} stands is not known: {one.why}"


def shown(url: str) -> str:
    """A URL without what may be secret in it: user, password, and all of its query but the endpoint and region."""
    parts = urlsplit(url)
    if not parts.scheme:
        return url
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    kept = [one for one in parts.query.split("&") if one.partition("=")[0] in {"endpoint", "region", "storage_account"}]
    return f"{parts.scheme}://{host}{parts.path}" + (f"?{'&'.join(kept)}" if kept else "")
