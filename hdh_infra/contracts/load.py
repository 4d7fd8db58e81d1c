"""Loading contracts, one package's file at a time, when it is first asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, final

from hdh_infra.contracts import added
from hdh_infra.contracts.shipped import FILES, shipped, shipped_changes

Shape: TypeAlias = Mapping[str, Any]
"""`type` (string, boolean, integer, number, array, object, any), `items`, `properties`, `additional`, `required`, `enum`, `open`, `default`, `ref`, `by` and `kinds`."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's word for a value that is not known yet (Pulumi SDK, `runtime/rpc.py`)."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The engine's mark of a wrapped value (secret, output, asset)."""


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
    owner: str = ""
    """The package, with its version, that it or its changes are the word of; empty where all is this package's own."""

    def resolve(self, shape: Shape) -> Shape:
        """A shape with its reference followed."""
        return {"type": "object", "properties": self.types[shape["ref"]]} if "ref" in shape else shape


def packages() -> tuple[str, ...]:
    """Packages that have contracts: those that this package ships, then those that other packages bring."""
    return (*FILES, *added.packages())


def tokens(package: str) -> tuple[str, ...]:
    """Every type token of a package that has a contract, sorted."""
    brought = (token for file in added.files_of(package) for token in file["tokens"])
    return tuple(sorted({*shipped(package)["tokens"], *brought}))


@cache
def contract(token: str) -> Contract | None:
    """The contract of a type token; None where there is none, and a node of it is *unverified*."""
    package = shipped(token.split(":", 1)[0])
    owner = ""
    if token not in package["tokens"]:
        other = added.file_with(token)
        if other is None:
            return None
        package, owner = other
    found = package["tokens"][token]
    known = shipped_changes().get(token)
    if known is None and (said := added.changes_of(token)):
        known, by = said
        owner = owner or by
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
        owner=owner,
    )


def outputs(token: str) -> Mapping[str, Shape]:
    """What a type gives; empty where it has no contract."""
    found = contract(token)
    return found.outputs if found else {}


def version(package: str) -> str:
    """The version of the SDK package that the contracts were read from; empty for a package without contracts."""
    return str(_any(package)["version"])


def server(package: str) -> str | None:
    """Where the engine finds a package's plugin; None of one that Pulumi itself publishes."""
    found = _any(package).get("server")
    return str(found) if found else None


def _any(package: str) -> Mapping[str, Any]:
    """What is said of a package as a whole, by this one, else by another."""
    return shipped(package) if package in FILES else next(iter(added.files_of(package)), shipped(package))


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
