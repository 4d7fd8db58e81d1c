"""Loading contracts, one package's file at a time, when it is first asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias, final

Shape: TypeAlias = Mapping[str, Any]
"""`type` (string, boolean, integer, number, array, object, any), `items`, `properties`, `additional`, `required`, `enum`, `open`, `default`, `ref`, `by` and `kinds`."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's word for a value that is not known yet (Pulumi SDK, `runtime/rpc.py`)."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The engine's mark of a wrapped value (secret, output, asset)."""

_FILES: Mapping[str, tuple[str, str]] = {
    "azure-native": ("hdh_infra.contracts", "data/azure-native.json"),
    "cloudtemple": ("hdh_infra.contracts", "data/cloudtemple.json"),
    "numspot": ("hdh_infra.contracts", "data/numspot.json"),
    "gcp": ("hdh_infra.contracts", "data/gcp.json"),
    "openstack": ("hdh_infra.contracts", "data/openstack.json"),
    "ovh": ("hdh_infra.contracts", "data/ovh.json"),
    "scaleway": ("hdh_infra.contracts", "data/scaleway.json"),
    "hdh": ("hdh_infra.resources", "contract.json"),
}


@final
@dataclass(frozen=True, slots=True)
class Contract:
    """What one type takes and gives."""

    token: str
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    types: Mapping[str, Mapping[str, Shape]]
    """Nested objects by name, for shapes with a `ref`."""
    secrets: frozenset[str]
    """Outputs that the SDK marks secret."""
    replace: frozenset[str]
    """Properties whose change makes a new resource in place of the old."""
    wipes: frozenset[str]
    """Properties whose change keeps the resource and loses what it holds."""
    version: str
    """Of the SDK package."""
    api: str
    """Version of the cloud's own interface, where the package names one."""
    replace_if: Mapping[str, str]
    """Properties whose change makes a new resource in some cases only, and which."""
    ignored: frozenset[str]
    """Properties whose change is accepted and not carried out."""
    changes_known: bool
    """Whether anybody has read what its changes do; where not, the sets above are empty and say nothing."""
    unknown: frozenset[str]
    """Properties of which that is not known."""
    filled: frozenset[str]
    """Properties that the provider fills by itself where they are absent, so that they stand in a state."""
    members: str
    """Property by which others lie in a resource of this type and go with it; empty for none."""

    def resolve(self, shape: Shape) -> Shape:
        """A shape with its reference followed."""
        return {"type": "object", "properties": self.types[shape["ref"]]} if "ref" in shape else shape


@cache
def _package(name: str) -> Mapping[str, Any]:
    if name not in _FILES:
        return {"version": "", "tokens": {}, "types": {}}
    module, file = _FILES[name]
    found: dict[str, Any] = json.loads((resources.files(module) / file).read_text(encoding="utf-8"))
    return found if "tokens" in found else {"version": "", "tokens": found, "types": {}}


@cache
def _changes() -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(
        (resources.files("hdh_infra.contracts") / "data/changes.json").read_text(encoding="utf-8")
    )["tokens"]
    return found


def packages() -> tuple[str, ...]:
    """Packages that have contracts."""
    return tuple(_FILES)


def tokens(package: str) -> tuple[str, ...]:
    """Every type token of a package that has a contract, sorted."""
    return tuple(sorted(_package(package)["tokens"]))


@cache
def contract(token: str) -> Contract | None:
    """The contract of a type token; None where there is none, and a node of it is *unverified*."""
    package = _package(token.split(":", 1)[0])
    found = package["tokens"].get(token)
    if found is None:
        return None
    known = _changes().get(token)
    changes = known or {}
    return Contract(
        token=token,
        inputs=found["inputs"],
        outputs=found.get("outputs", {}),
        types=package["types"],
        secrets=frozenset([*found.get("secrets", ()), *changes.get("secret", ())]),
        replace=frozenset([*found.get("replace", ()), *changes.get("replace", ())]),
        wipes=frozenset(changes.get("wipes", ())),
        version=package["version"],
        api=found.get("api", ""),
        replace_if=dict(changes.get("replace_if", {})),
        ignored=frozenset(changes.get("ignored", ())),
        changes_known=known is not None,
        unknown=frozenset(changes.get("unknown", ())),
        filled=frozenset(changes.get("filled", ())),
        members=changes.get("members", ""),
    )


def outputs(token: str) -> Mapping[str, Shape]:
    """What a type gives; empty where it has no contract."""
    found = contract(token)
    return found.outputs if found else {}


def version(package: str) -> str:
    """The version of the SDK package that the contracts were read from; empty for a package without contracts."""
    return str(_package(package)["version"])


def server(package: str) -> str | None:
    """Where the engine finds a package's plugin; None of one that Pulumi itself publishes."""
    found = _package(package).get("server")
    return str(found) if found else None


def replaces(token: str, changed: Iterable[str]) -> frozenset[str]:
    """Which of the changed properties make a new resource in place of the old.

    Args:
        token: the type.
        changed: property paths, `a.b` or `a[0].b`. A whole object or list item that was added or removed is
            named itself and by each of its leaves.
    """
    found = contract(token)
    if found is None:
        return frozenset()
    return frozenset(path for path in changed if any(covers(one, plain(path)) for one in found.replace))


def covers(rule: str, path: str) -> bool:
    """Whether a change of `path` is what a rule names: `a` with all in it, or `a#`, the adding or removing of an `a`."""
    if rule.endswith("#"):
        return path == rule[:-1]
    return path == rule or path.startswith(f"{rule}.")


def plain(path: str) -> str:
    """A path without its indexes."""
    return re.sub(r"\[[^]]*\]", "", path)


def defaults(token: str) -> Mapping[str, Any]:
    """Defaults that only the SDK's classes set, by property path, so that a raw token loses them."""
    found = contract(token)
    if found is None:
        return {}
    lost: dict[str, Any] = {}

    def visit(shapes: Mapping[str, Shape], at: str, seen: tuple[str, ...]) -> None:
        for name, shape in shapes.items():
            path = f"{at}.{name}" if at else name
            if "default" in shape:
                lost[path] = shape["default"]
            inner = shape.get("items", shape)
            if "ref" in inner and inner["ref"] not in seen:
                visit(found.types[inner["ref"]], path, (*seen, inner["ref"]))

    visit(found.inputs, "", ())
    return lost
