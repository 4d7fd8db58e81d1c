"""The contract as a Pulumi package schema, for engines and tools that ask the plugin for one.

It says types and requirements only; what they mean stands in the documentation, and deliberately not twice.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from hdh_infra.resources.contract import PACKAGE, VERSION, contracts

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def as_json() -> str:
    """The schema as JSON text."""
    resources = {}
    for token, terms in contracts().items():
        secrets, replace = terms["secrets"], terms["replace"]
        resources[token] = {
            "inputProperties": {
                name: {**_type(shape), "willReplaceOnChanges": name in replace}
                for name, shape in terms["inputs"].items()
            },
            "requiredInputs": [name for name, shape in terms["inputs"].items() if shape.get("required")],
            "properties": {
                name: {**_type(shape), "secret": name in secrets} for name, shape in terms["outputs"].items()
            },
        }
    return json.dumps({"name": PACKAGE, "version": VERSION, "resources": resources})


def _type(shape: Mapping[str, Any]) -> dict[str, Any]:
    """A shape as a Pulumi type; an object of fixed members is a map of anything there."""
    kind = shape["type"]
    if kind == "array":
        return {"type": "array", "items": _type(shape.get("items", {"type": "any"}))}
    if kind == "object":
        return {"type": "object", "additionalProperties": _type(shape.get("additional", {"type": "any"}))}
    return {"$ref": "pulumi.json#/Any"} if kind == "any" else {"type": kind}
