"""The contracts that this package ships, as their files hold them, and what it knows of changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

FILES: Mapping[str, tuple[str, str]] = {
    "azure-native": ("hdh_infra.contracts", "data/azure-native.json"),
    "cloudtemple": ("hdh_infra.contracts", "data/cloudtemple.json"),
    "numspot": ("hdh_infra.contracts", "data/numspot.json"),
    "gcp": ("hdh_infra.contracts", "data/gcp.json"),
    "openstack": ("hdh_infra.contracts", "data/openstack.json"),
    "ovh": ("hdh_infra.contracts", "data/ovh.json"),
    "scaleway": ("hdh_infra.contracts", "data/scaleway.json"),
    "hdh": ("hdh_infra.resources", "contract.json"),
}
"""By the package of the engine, where its contracts lie."""
OWN_PLUGIN = "hdh"
"""The package of our own plugin: nobody else has types of it."""


@cache
def shipped(name: str) -> Mapping[str, Any]:
    """The contracts of a package, those of this package alone; none of one that it does not know."""
    if name not in FILES:
        return {"version": "", "tokens": {}, "types": {}}
    module, file = FILES[name]
    found: dict[str, Any] = json.loads((resources.files(module) / file).read_text(encoding="utf-8"))
    return found if "tokens" in found else {"version": "", "tokens": found, "types": {}}


@cache
def shipped_changes() -> Mapping[str, Mapping[str, Any]]:
    """What changes of each type do, by its token."""
    found: dict[str, dict[str, Any]] = json.loads(
        (resources.files("hdh_infra.contracts") / "data/changes.json").read_text(encoding="utf-8")
    )["tokens"]
    return found
