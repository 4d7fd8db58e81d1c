"""What an OpenStack may lack that others have, by the catalogue's words for it: facts where a requirement asks for it, `native` where none does.

A plan then leaves it out and is observed without it, so that what it would have given is told as not met.
"""

from __future__ import annotations

from hdh_infra.catalogue.load import Site


def has_routers(site: Site) -> bool:
    """Whether a project makes routers, and floating addresses on them; without them networks are joined by nothing."""
    return site.offer.native.get("routers") is not False


def has_address_groups(site: Site) -> bool:
    """Whether a rule of a security group can name a group of addresses."""
    return site.offer.native.get("address_groups") is not False


def makes_credentials(site: Site) -> bool:
    """Whether a plan can make keys of S3 for machines: not where an API of the cloud's own alone does."""
    return site.offer.native.get("machine_credentials") is not False


def makes_keys(site: Site) -> bool:
    """Whether there is a Barbican; unless the catalogue says no, there is."""
    return site.fact("key.protection").value is not False


__all__ = ["has_address_groups", "has_routers", "makes_credentials", "makes_keys"]
