"""Where a state backend or a key service stands, as far as its URL and the catalogue tell.

A state holds the topology of the platform and, encrypted, its secrets: it has to lie where the data may lie. Many URLs
say nothing of a country (an Azure account, a bucket without an endpoint); then the answer is that nobody knows.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import final
from urllib.parse import parse_qs, urlsplit

from hdh_infra.catalogue.load import Site, site, targets

OBJECT_STORE = "object_store"
_S3_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_KMS_VARIABLES = ("AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL")
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@final
@dataclass(frozen=True, slots=True)
class Place:
    """A country, None where nobody knows, and how it is known or why it is not."""

    country: str | None
    why: str


def place_of(url: str, environment: Mapping[str, str], own: Site | None = None) -> Place:
    """Where what a URL names stands.

    Args:
        url: a backend (`s3://`, `azblob://`, `gs://`, `file://`, `https://`) or a key service (`awskms://`, ...).
        environment: variables that S3 and KMS take their endpoint and region from where the URL has none.
        own: the target that is deployed, for the endpoint that its description names.
    """
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme in {"s3", "awskms"}:
        variables = _S3_VARIABLES if parts.scheme == "s3" else _KMS_VARIABLES
        endpoint = query.get("endpoint") or _first(environment, variables)
        if endpoint:
            return _of_endpoint(endpoint, own)
        return _of_aws(query.get("region") or _first(environment, _REGION_VARIABLES))
    if parts.scheme == "file":
        return Place(None, "a folder of the machine that this runs on")
    if parts.scheme in {"azblob", "azurekeyvault"}:
        return Place(None, "the name of an Azure account or vault does not say its region")
    return Place(None, f"nothing is known of where {parts.scheme}://{parts.hostname or ''} stands")


def _of_endpoint(endpoint: str, own: Site | None) -> Place:
    host = _host(endpoint)
    if own is not None and own.settings.object_store_endpoint and _host(own.settings.object_store_endpoint) == host:
        fact = own.fact("region.country")
        return Place(own.country, f"{host} is the S3 endpoint of {own.target}, which lies there by {fact.source}")
    found = _endpoints().get(host)
    return found or Place(None, f"no offer of the catalogue has the endpoint {host}")


def _of_aws(region: str | None) -> Place:
    if not region:
        return Place(None, "neither the URL nor AWS_REGION names a region")
    rows = _rows()
    country = rows["regions"].get(region)
    if country is None:
        return Place(None, f"the region {region} is none that is known here")
    return Place(country, f"{region}, by {rows['source']}, read {rows['as_of']}")


@functools.cache
def _rows() -> Mapping[str, Mapping[str, str]]:
    import yaml

    text = (resources.files("hdh_infra.catalogue") / "places.yaml").read_text(encoding="utf-8")
    rows: Mapping[str, Mapping[str, str]] = yaml.safe_load(text)["aws"]
    return rows


@functools.cache
def _endpoints() -> Mapping[str, Place]:
    """Every S3 endpoint of the catalogue by its host."""
    found = {}
    for target in targets():
        one = site(target)
        endpoint = one.endpoint(OBJECT_STORE)
        if endpoint:
            host = _host(endpoint)
            found[host] = Place(
                one.country, f"{host} is the S3 endpoint of {target} ({one.fact('region.country').source})"
            )
    return found


def _host(endpoint: str) -> str:
    return (urlsplit(endpoint if "//" in endpoint else f"//{endpoint}").hostname or "").lower()


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)
