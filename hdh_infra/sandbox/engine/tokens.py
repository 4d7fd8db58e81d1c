"""Which Terraform name serves which token: `python -m hdh_infra.sandbox.engine.tokens [--check]` writes `tokens.json`.

Compared are the SDK package's own classes (as `hdh_infra.contracts` holds them) and the tables that the built plugin
prints: a token belongs to a Terraform name whose properties have the same names and shapes, to any depth; where
several have, to the one whose name is nearest and that no nearer token has. It deliberately does not read Pulumi's schema of the provider, which
stands in no module and no package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from hdh_infra import contracts
from hdh_infra.sandbox.engine import building

FILE = building.source(building.OPENSTACK) / "tokens.json"
LEAST = 0.4
"""Likeness of names, 0 to 1, under which equal properties are taken for chance."""
_WORDS = {"firewall": "fw", "loadbalancer": "lb"}
"""Where the package says another word than the Terraform provider."""


def is_lookup(token: str) -> bool:
    """Whether a token is a data source's."""
    return token.rsplit(":", 1)[1].startswith("get")


def tables(plugin: Path) -> dict[str, dict[str, Any]]:
    """What a built plugin could serve and does: `resources` and `dataSources`, by Terraform name."""
    asked = subprocess.run([str(plugin), "-tables"], capture_output=True, check=True, timeout=60)  # noqa: S603 - our own build
    found: dict[str, dict[str, Any]] = json.loads(asked.stdout)
    return found


def wanted(token: str) -> dict[str, Any]:
    """What the SDK package says of a token, in the form of the plugin's tables."""
    contract = contracts.contract(token)
    if contract is None:
        raise KeyError(token)
    found: dict[str, Any] = {
        "inputs": {name: _shape(contract, shape) for name, shape in contract.inputs.items()},
        "outputs": {name: _shape(contract, shape) for name, shape in contract.outputs.items()},
        "required": sorted(name for name, shape in contract.inputs.items() if shape.get("required")),
        "secrets": sorted(contract.secrets),
    }
    if is_lookup(token) and "id" not in found["inputs"]:
        del found["outputs"]["id"]  # every data source has one without saying so
    return found


def mapping(found: Mapping[str, Mapping[str, Any]], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The document `tokens.json` for a plugin's tables.

    Args:
        found: what `tables` gave.
        fields: properties whose names do not follow the bridge's rules, by Terraform name; written by hand.

    Raises:
        LookupError: a token for which no Terraform name has the properties.
    """
    document: dict[str, Any] = {"resources": {}, "dataSources": {}, "fields": dict(fields)}
    for kind in ("resources", "dataSources"):
        named = [token for token in contracts.tokens("openstack") if is_lookup(token) == (kind == "dataSources")]
        served: dict[str, list[str]] = {}
        for token, terraform in _pairs(named, found[kind]).items():
            served.setdefault(terraform, []).append(token)
        # A token in the package's root is the earlier one where a module has another; the later one comes first.
        document[kind] = {
            terraform: sorted(tokens, key=lambda token: (token.startswith("openstack:index/"), token))
            for terraform, tokens in sorted(served.items())
        }
    return document


def write(document: Mapping[str, Any]) -> str:
    """The document as it is kept: a line for each Terraform name."""
    parts = []
    for kind, entries in document.items():
        lines = [f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items()]
        parts.append(f"  {json.dumps(kind)}: {{\n" + ",\n".join(lines) + "\n  }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _pairs(named: Iterable[str], entries: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Token to Terraform name: the likest pairs first, each name once; tokens that are left share the likest name."""
    likeness: dict[tuple[str, str], float] = {}
    for token in named:
        asked = wanted(token)
        equal = [
            terraform
            for terraform, entry in entries.items()
            if entry["inputs"] == asked["inputs"]
            and entry["outputs"] == asked["outputs"]
            and _likeness(token, terraform) >= LEAST
        ]
        if not equal:
            raise LookupError(f"{token}: no Terraform name has its properties and a name like it")
        likeness |= {(token, terraform): _likeness(token, terraform) for terraform in equal}
    ordered = sorted(likeness, key=lambda pair: (-likeness[pair], pair))
    found: dict[str, str] = {}
    for token, terraform in ordered:
        if token not in found and terraform not in found.values():
            found[token] = terraform
    for token, terraform in ordered:
        found.setdefault(token, terraform)
    return found


def _likeness(token: str, terraform: str) -> float:
    _, place, member = token.split(":")
    module = place.split("/")[0]
    words = ("" if module == "index" else _WORDS.get(module, module)) + member.removeprefix("get").lower()
    return SequenceMatcher(None, words, terraform.removeprefix("openstack_").replace("_", ""), autojunk=False).ratio()


def _shape(contract: contracts.Contract, shape: contracts.Shape) -> Any:
    if "ref" in shape:
        return {name: _shape(contract, inner) for name, inner in contract.types[shape["ref"]].items()}
    if shape["type"] == "array":
        return [_shape(contract, shape["items"])]
    if "additional" in shape:
        return {"*": _shape(contract, shape["additional"])}
    return shape["type"]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> None:
    """Write the mapping, or only say whether it is what it would be."""
    plugin = building.build(building.PLUGIN, _say) / building.OPENSTACK.binary
    text = write(mapping(tables(plugin), json.loads(FILE.read_text())["fields"]))
    if "--check" not in sys.argv:
        FILE.write_text(text)
    elif text != FILE.read_text():
        sys.exit(f"{FILE.name} is not what the plugin and the SDK package say: run this without --check")


if __name__ == "__main__":
    main()
