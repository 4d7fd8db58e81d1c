"""Contracts of Terraform providers that Pulumi reaches by its dynamic bridge: `python -m hdh_infra.contracts.terraform FACTS PACKAGE`.

There is no SDK to read: a package that is bridged when it is used has names by rule alone. What the providers' own
schemas say (FACTS) becomes what the bridge makes of it: tokens `numspot:index/vpc:Vpc`, names in camel case, the plural
for lists, and an object in place of a block that occurs once at most. The rules are those of pulumi-terraform-bridge v3.135.0
(`dynamic/info.go`, `pkg/tfbridge/tokens`, `pkg/tfbridge/names.go`, `pkg/pf/proto`), read 2026-11-25.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hdh_infra.contracts.extract import DATA, written

_SCALARS = {"string": "string", "bool": "boolean", "int": "integer", "float": "number", "number": "number"}
_SIBILANT = re.compile(r"(x|ch|ss|sh)$")
_CONSONANT_Y = re.compile(r"([^aeiouy]|qu)y$")


def plural(name: str) -> str:
    """A name in the plural, as the bridge writes lists; what ends in an s is one already."""
    if name.endswith("s") and not name.endswith("ss"):
        return name
    if _SIBILANT.search(name):
        return f"{name}es"
    if _CONSONANT_Y.search(name):
        return f"{name[:-1]}ies"
    return f"{name}s"


def camel(name: str) -> str:
    """`security_group_ids` as `securityGroupIds`."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def token(package: str, name: str, *, function: bool = False) -> str:
    """The token of a resource, or of a data source, by its Terraform name."""
    short = name.removeprefix(f"{package}_")
    words = camel(f"get_{short}" if function else short)
    return f"{package}:index/{words}:{words if function else words[:1].upper() + words[1:]}"


def wire(name: str, attribute: Mapping[str, Any]) -> str:
    """The bridge's name of an attribute: that of a list is in the plural, but for a block that occurs once at most."""
    many = attribute["type"].startswith(("list", "set")) and attribute.get("max") != 1
    return camel(plural(name) if many else name)


def shape(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """The shape of an attribute's values."""
    kind = attribute["type"]
    head, _, inner = kind.rstrip(")").partition("(")
    if head in _SCALARS:
        found: dict[str, Any] = {"type": _SCALARS[head]}
        if values := attribute.get("values"):
            found["enum"] = list(values)
        return found
    if head == "map":
        return {"type": "object", "additional": {"type": _SCALARS.get(inner, "any")}}
    members = {name: _attribute(one) for name, one in attribute.get("attributes", {}).items()}
    whole = (
        {"type": "object", "properties": dict(_shapes(members))} if members else {"type": _SCALARS.get(inner, "any")}
    )
    if head in {"list", "set"} and attribute.get("max") != 1:
        return {"type": "array", "items": whole}
    return whole


def _attribute(one: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """An attribute with its type and mode: one that is written as its type alone is computed."""
    return {"type": one, "mode": "computed"} if isinstance(one, str) else {"mode": "computed", **one}


def _shapes(
    attributes: Mapping[str, Mapping[str, Any]], *, inputs: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in sorted(attributes.items()):
        mode = one["mode"]
        if inputs and mode == "computed":
            continue
        found = shape(one)
        if mode == "required":
            found["required"] = True
        yield wire(name, one), found


def _without_required(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: [_without_required(one) if isinstance(one, dict) else one for one in item]
        if isinstance(item, list)
        else _without_required(item)
        if isinstance(item, dict)
        else item
        for key, item in value.items()
        if not (key == "required" and item is True)
    }


def contract_of(schema: Mapping[str, Any], *, function: bool = False) -> dict[str, Any]:
    """The contract of one resource or data source."""
    attributes = {name: _attribute(one) for name, one in schema["attributes"].items()}
    outputs = {name: _without_required(one) for name, one in _shapes(attributes) if name != "id" or function}
    inputs = {name: one for name, one in _shapes(attributes, inputs=True) if name != "id" or function}
    secrets = sorted(wire(name, one) for name, one in attributes.items() if one.get("sensitive"))
    return {"inputs": inputs, "outputs": outputs, "secrets": secrets}


def changes_of(schema: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a change of each input does: makes anew, or is accepted and not carried out, where the resource has no update."""
    replace, ignored = [], []
    for path, one in _inputs(schema["attributes"]):
        if one.get("force_new") in {True, "if_configured"}:
            replace.append(path)
        elif schema.get("update") is False and "." not in path:
            ignored.append(path)
    found = {"replace": sorted(replace), "ignored": sorted(ignored)}
    return {name: paths for name, paths in found.items() if paths}


def _inputs(attributes: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, written_as in attributes.items():
        one = _attribute(written_as)
        if one["mode"] == "computed" or (name == "id" and not at):
            continue
        path = f"{at}{wire(name, one)}"
        yield path, one
        if one.get("force_new") is not True:
            yield from _inputs(one.get("attributes", {}), f"{path}.")


def contracts_of(package: str, facts: Mapping[str, Any], wanted: re.Pattern[str]) -> dict[str, Any]:
    """The contracts of one package.

    Args:
        package: as the bridge calls it.
        facts: its part of the facts: version, resources and data sources by their Terraform names.
        wanted: which of them.
    """
    tokens = {
        token(package, name): contract_of(one) for name, one in facts["resources"].items() if wanted.fullmatch(name)
    }
    tokens |= {
        token(package, name, function=True): contract_of(one, function=True)
        for name, one in facts["data_sources"].items()
        if wanted.fullmatch(name)
    }
    return {"version": facts["version"], "tokens": dict(sorted(tokens.items())), "types": {}}


WANTED: Mapping[str, re.Pattern[str]] = {
    "numspot": re.compile(r"numspot_(?!kubernetes|load_balancer|hybrid).*"),
    "cloudtemple": re.compile(r"cloudtemple_(object_storage|public_cloud|vpc)_.*"),
}
"""Of each package, the types that a plan could ask for."""


def main() -> None:
    """Write a package's file from a file of facts, and say what a change of each of its types does."""
    file, package = sys.argv[1:]
    facts = json.loads(Path(file).read_text(encoding="utf-8"))[package]
    (DATA / f"{package}.json").write_text(written(contracts_of(package, facts, WANTED[package])), encoding="utf-8")
    for name, one in sorted(facts["resources"].items()):
        if WANTED[package].fullmatch(name):
            sys.stdout.write(f'"{token(package, name)}": {json.dumps(changes_of(one))},\n')


if __name__ == "__main__":
    main()
