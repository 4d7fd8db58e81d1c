"""What is known of a cloud, read from the package's data: ids, outputs, functions, rules and their cases.

All of it is data with sources (`data/*.yaml`); this module only gives it a shape and refuses data that lacks
one: a rule without a source, or without a legal and a refused case, does not load.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

from ruamel.yaml import YAML

from hdh_infra.sandbox.simulator.facts import Conduct, Exclusive, Gift, Kind, Knowledge, OutputRule, Rule

PACKAGES: Final = ("azure-native", "cloudtemple", "gcp", "numspot", "ovh", "scaleway")
BRIDGED: Final = ("cloudtemple", "numspot")
"""Those of them that are another plugin's, told to become them."""
CONFIDENCES: Final = ("documented", "provider source", "issue", "general knowledge, unverified")
_DOCUMENT: Final = "hdh_infra.sandbox.simulator"


@cache
def knowledge(package: str) -> Knowledge:
    """What is known of a package's cloud. Raises `ValueError` for data that says too little."""
    data = resources.files(_DOCUMENT) / "data"
    return read_knowledge(package, data / f"{package}.yaml", data / f"{package}.rules.yaml")


def read_knowledge(package: str, cloud: Traversable, refusals: Traversable) -> Knowledge:
    """What two files say of a package's cloud.

    Args:
        package: the package of the engine.
        cloud: the file of its ids, outputs and functions.
        refusals: the file of what it refuses.

    Raises:
        ValueError: they say too little.
    """
    facts, rules = _read(cloud), _read(refusals)
    return Knowledge(
        package=package,
        error=str(facts["error"]),
        kinds={token: _kind(token, given) for token, given in facts["types"].items()},
        outputs=[_output(one) for one in facts["outputs"]],
        functions=facts.get("functions", {}),
        rules=[_rule(one) for one in rules["rules"]],
        fixtures=rules["fixtures"],
        backings=facts.get("backings", {}),
        given=[
            Gift(str(one["type"]), str(one["id"]), one["inputs"], str(one["source"])) for one in facts.get("given", ())
        ],
        echoes=facts.get("echoes", ()),
        conduct=_conduct(facts["provider"]),
        exclusive=tuple(_exclusive(one) for one in facts.get("exclusive", ())),
        suffixes=tuple(facts.get("suffixes", ())),
        bridge=facts.get("bridge", {}),
    )


def _read(file: Traversable) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    return found


def _kind(token: str, given: Any) -> Kind:
    if isinstance(given, str):
        return Kind(token, given)
    return Kind(token, str(given["id"]), bool(given.get("singleton")))


def _output(given: Mapping[str, Any]) -> OutputRule:
    if not given.get("source"):
        raise ValueError(f"outputs of {given['types']} have no source")
    return OutputRule(
        tuple(given["types"]),
        given.get("set", {}),
        given.get("default", {}),
        {path: str(pattern) for path, pattern in given.get("when", {}).items()},
        str(given["source"]),
    )


def _conduct(given: Mapping[str, Any]) -> Conduct:
    return Conduct(
        int(given["tries"]),
        tuple(float(one) for one in given["waits"]),
        float(given["longest"]),
        frozenset(given["statuses"]),
        frozenset(given["codes"]),
        str(given["source"]),
    )


def _exclusive(given: Mapping[str, Any]) -> Exclusive:
    return Exclusive(
        str(given["id"]),
        tuple(given["types"]),
        tuple(given.get("by", given["types"])),
        str(given["segment"]),
        given.get("path"),
        int(given["status"]),
        str(given["code"]),
        str(given["message"]),
        str(given["source"]),
    )


def _rule(given: Mapping[str, Any]) -> Rule:
    missing = [
        name for name in ("id", "types", "kind", "source", "confidence", "legal", "refused") if not given.get(name)
    ]
    if missing:
        raise ValueError(f"rule {given.get('id')} has no {', '.join(missing)}")
    if given["confidence"] not in CONFIDENCES:
        raise ValueError(f"rule {given['id']}: confidence is none of {', '.join(CONFIDENCES)}")
    return Rule(
        id=str(given["id"]),
        types=tuple(given["types"]),
        kind=str(given["kind"]),
        parameters=given.get("with", {}),
        when={path: str(pattern) for path, pattern in given.get("when", {}).items()},
        status=int(given.get("status", 400)),
        code=str(given.get("code", "BadRequest")),
        message=str(given.get("message", "{found}")),
        source=str(given["source"]),
        confidence=str(given["confidence"]),
        legal=given["legal"],
        refused=given["refused"],
    )
