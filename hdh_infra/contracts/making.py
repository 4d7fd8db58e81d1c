"""Making the contracts of a package that this one does not know: from its own schema, an installed SDK, or a Terraform provider's.

    python -m hdh_infra.contracts.extract schema FILE --into FOLDER [--only PATTERN]
    python -m hdh_infra.contracts.extract sdk MODULE --into FOLDER [--only PATTERN]
    python -m hdh_infra.contracts.extract terraform FILE --package NAME --version VERSION --into FOLDER [--only PATTERN]

`schema` reads what `pulumi package get-schema PACKAGE` writes (pulumi.com/docs/iac/using-pulumi/extending-pulumi/schema,
`pkg/codegen/schema/schema.go`), which says most: required, closed sets, secrets, and mostly what replaces. `sdk` reads the
text of an installed Python SDK and `terraform` what `terraform providers schema -json` writes
(developer.hashicorp.com/terraform/cli/commands/providers/schema): neither says what a change does. Read 2026-11-26.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hdh_infra.contracts.extract import Package, written
from hdh_infra.contracts.forming import wrong_contracts
from hdh_infra.contracts.terraform import contract_of, contracts_of, token

CHANGES = "changes.json"
_REF = "#/types/"
_NESTED = {"single": 1, "group": 1}
"""Modes of nesting in which a block occurs once at most."""
_SCALARS = {"string", "boolean", "integer", "number"}


def of_schema(schema: Mapping[str, Any], wanted: re.Pattern[str]) -> tuple[dict[str, Any], dict[str, list[str] | None]]:
    """The contracts of a package by its own schema, and of each type which properties replace; None where it does not say.

    Args:
        schema: as `pulumi package get-schema` writes it.
        wanted: which tokens, by the whole of them.
    """
    types: dict[str, Any] = {}
    tokens: dict[str, Any] = {}
    changes: dict[str, list[str] | None] = {}
    known: Mapping[str, Any] = schema.get("types", {})

    def shape(given: Mapping[str, Any]) -> dict[str, Any]:
        if ref := given.get("$ref"):
            found = named(str(ref)) if str(ref).startswith(_REF) else {"type": "any"}
            # Where a resource of another package is named, its id is meant: the word beside it says so.
            return {"type": given["type"]} if found == {"type": "any"} and given.get("type") in _SCALARS else found
        if "oneOf" in given:
            return either([shape(one) for one in given["oneOf"]])
        kind = given.get("type")
        if kind == "array":
            return {"type": "array", "items": shape(given.get("items", {}))}
        if kind == "object":
            return {"type": "object", "additional": shape(given.get("additionalProperties", {"type": "string"}))}
        made: dict[str, Any] = {"type": kind if kind in _SCALARS else "any"}
        if "const" in given:
            made["enum"] = [given["const"]]
        return made

    def either(shapes: list[dict[str, Any]]) -> dict[str, Any]:
        distinct = [one for index, one in enumerate(shapes) if one not in shapes[:index]]
        closed = [one for one in distinct if "enum" in one]
        if len(distinct) == 1:
            return distinct[0]
        # A text or one of some words: the words are known, and others are taken.
        return {**closed[0], "open": True} if closed and {"type": "string"} in distinct else {"type": "any"}

    def named(ref: str) -> dict[str, Any]:
        name = unquote(ref.removeprefix(_REF))
        found = known.get(name)
        if found is None:
            return {"type": "any"}
        if "enum" in found:
            return {"type": found.get("type", "string"), "enum": [one["value"] for one in found["enum"]]}
        if name not in types:
            types[name] = {}
            types[name] = shapes(found.get("properties", {}), found.get("required", ()))
        return {"type": "object", "ref": name}

    def shapes(properties: Mapping[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
        made = {}
        for name, given in sorted(properties.items()):
            made[name] = shape(given) | ({"required": True} if name in required else {})
            # A default that the environment gives is none of a class's.
            if "default" in given:
                made[name]["default"] = given["default"]
        return made

    for name, one in sorted(schema.get("resources", {}).items()):
        if wanted.fullmatch(name) and not one.get("isComponent"):
            inputs: Mapping[str, Any] = one.get("inputProperties", {})
            outputs: Mapping[str, Any] = one.get("properties", {})
            tokens[name] = {
                "inputs": shapes(inputs, one.get("requiredInputs", ())),
                "outputs": _bare(shapes(outputs)),
                "secrets": sorted(path for path, given in outputs.items() if given.get("secret")),
            }
            # Where nothing replaces the schema does not say: those of Terraform's newer framework never do.
            changes[name] = (
                sorted({*_replacing(inputs, known), *_replacing(outputs, known)} & _paths(inputs, known)) or None
            )
    for name, one in sorted(schema.get("functions", {}).items()):
        if wanted.fullmatch(name):
            asked, given = one.get("inputs") or {}, one.get("outputs") or {}
            tokens[name] = {
                "inputs": shapes(asked.get("properties", {}), asked.get("required", ())),
                "outputs": _bare(shapes(given.get("properties", {}))),
                "secrets": [],
            }
    server = schema.get("pluginDownloadURL")
    whole = {"version": schema.get("version", ""), "tokens": tokens, "types": dict(sorted(types.items()))}
    return whole | ({"server": server} if server else {}), changes


def _replacing(properties: Mapping[str, Any], types: Mapping[str, Any]) -> set[str]:
    """Paths of properties whose change makes a new resource, nested ones too."""
    return {
        path
        for path, given in _walked(properties, types)
        if given.get("willReplaceOnChanges") or given.get("replaceOnChanges")
    }


def _paths(properties: Mapping[str, Any], types: Mapping[str, Any]) -> set[str]:
    return {path for path, _ in _walked(properties, types)}


def _walked(
    properties: Mapping[str, Any], types: Mapping[str, Any], at: str = "", seen: tuple[str, ...] = ()
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every property with its path, through lists and nested objects; an object that holds its like is walked once."""
    for name, given in properties.items():
        yield f"{at}{name}", given
        inner = given
        while "items" in inner:
            inner = inner["items"]
        nested = unquote(str(inner.get("$ref", "")).removeprefix(_REF))
        if nested in types and nested not in seen:
            yield from _walked(types[nested].get("properties", {}), types, f"{at}{name}.", (*seen, nested))


def _bare(shapes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {key: value for key, value in one.items() if key != "default"} for name, one in shapes.items()}


def of_sdk(module: str, wanted: re.Pattern[str]) -> tuple[str, dict[str, Any], dict[str, list[str] | None]]:
    """The name of a package and its contracts, by the text of its installed SDK, which does not say what replaces."""
    from hdh_infra.contracts.extract import functions_of

    package = Package(module.removeprefix("pulumi_").replace("_", "-"), module)
    chosen = sorted(one for one in package.classes if wanted.fullmatch(one) and not one.startswith("pulumi:"))
    tokens = {one: package.resource(one) for one in chosen}
    name = chosen[0].split(":", 1)[0] if chosen else package.name
    tokens |= {one: package.function(one, file) for one, file in functions_of(package) if wanted.fullmatch(one)}
    found = {"version": package.version, "tokens": tokens, "types": dict(sorted(package.types.items()))}
    return name, found | ({"server": package.server} if package.server else {}), dict.fromkeys(chosen)


def of_terraform(
    schemas: Mapping[str, Any], package: str, version: str, wanted: re.Pattern[str]
) -> tuple[dict[str, Any], dict[str, list[str] | None]]:
    """The contracts of a package that the bridge makes of a Terraform provider, by that provider's schema.

    Args:
        schemas: as `terraform providers schema -json` writes it.
        package: as the bridge calls it: the last part of the provider's address.
        version: of the provider.
        wanted: which tokens, by the whole of them.

    Raises:
        KeyError: there is no such provider in the file.
    """
    found = next(one for name, one in schemas["provider_schemas"].items() if name.rsplit("/", 1)[-1] == package)
    facts = {
        "version": version,
        "resources": _blocks(found.get("resource_schemas", {})),
        "data_sources": _blocks(found.get("data_source_schemas", {})),
    }
    whole = contracts_of(package, facts, re.compile(".*"))
    whole["tokens"] = {name: one for name, one in whole["tokens"].items() if wanted.fullmatch(name)}
    return whole, {one: None for name in facts["resources"] if wanted.fullmatch(one := token(package, name))}


def _blocks(schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"attributes": dict(_attributes(one["block"]))} for name, one in schemas.items()}


def _attributes(block: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The attributes and nested blocks of a block, in the words of the facts that `contracts.terraform` reads."""
    for name, one in block.get("attributes", {}).items():
        words = ("required", one.get("required")), ("optional", one.get("optional")), ("computed", one.get("computed"))
        mode = "+".join(word for word, there in words if there) or "computed"
        found: dict[str, Any] = {"mode": mode}
        if one.get("sensitive"):
            found["sensitive"] = True
        if nested := one.get("nested_type"):
            found |= _nested(nested["nesting_mode"], dict(_attributes(nested)), nested.get("max_items"))
        else:
            found |= _typed(one["type"])
        yield name, found
    for name, one in block.get("block_types", {}).items():
        mode = "required" if one.get("min_items") else "optional"
        yield name, {"mode": mode} | _nested(one["nesting_mode"], dict(_attributes(one["block"])), one.get("max_items"))


def _nested(mode: str, members: Mapping[str, Any], most: int | None) -> dict[str, Any]:
    if mode == "map":
        # Whatever the words of the keys are, the bridge makes a map of it; what is in it is not judged.
        return {"type": "map(any)"}
    most = _NESTED.get(mode, most)
    return {"type": "list(object)", "attributes": dict(members)} | ({"max": most} if most else {})


def _typed(kind: Any) -> dict[str, Any]:
    """A type of Terraform's JSON: a word, or a list of a collection's word and what is in it."""
    if isinstance(kind, str):
        return {"type": kind}
    head, inner = kind[0], kind[1]
    if head == "map":
        return {"type": f"map({inner if isinstance(inner, str) else 'any'})"}
    if head == "object":
        return {"type": "list(object)", "max": 1, "attributes": _members(inner)}
    if isinstance(inner, list) and inner[0] == "object":
        return {"type": f"{head}(object)", "attributes": _members(inner[1])}
    return {"type": f"{head}({inner if isinstance(inner, str) else 'any'})"}


def _members(inner: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"mode": "optional", **_typed(one)} for name, one in inner.items()}


def changes_of(contracts: Mapping[str, Any], changes: Mapping[str, list[str] | None]) -> dict[str, Any]:
    """Lines of changes to be completed by a person: where nobody says what a change does, every property is unknown."""
    lines: dict[str, Any] = {}
    for name, replacing in sorted(changes.items()):
        if replacing is None:
            lines[name] = {"unknown": sorted(contracts["tokens"][name]["inputs"])}
        else:
            lines[name] = {"replace": replacing} if replacing else {}
    return lines


def main(words: Sequence[str]) -> None:
    """Write a package's contracts, and a draft of what changes of its types do."""
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser("python -m hdh_infra.contracts.extract", None, f"{first}\n\n{rest}")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("source", choices=("schema", "sdk", "terraform"))
    parser.add_argument("name", help="the file, or the module of the SDK")
    parser.add_argument("--into", type=Path, required=True, help="the folder `contracts` of your package")
    parser.add_argument("--only", type=re.compile, default=".*", help="whole tokens, as a regular expression")
    parser.add_argument("--package", help="as the bridge calls a Terraform provider")
    parser.add_argument("--version", help="of the Terraform provider")
    asked = parser.parse_args(words)
    wanted = re.compile(asked.only)
    if asked.source == "sdk":
        package, found, changes = of_sdk(asked.name, wanted)
    else:
        try:
            value = json.loads(Path(asked.name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SystemExit(f"{asked.name} is no file of JSON: {error}") from None
        if asked.source == "schema":
            package = str(value.get("name", ""))
            found, changes = of_schema(value, wanted)
        elif not (asked.package and asked.version):
            raise SystemExit("Terraform's schema says neither name nor version: give --package and --version")
        else:
            package = asked.package
            try:
                found, changes = of_terraform(value, package, asked.version, wanted)
            except (KeyError, StopIteration):
                raise SystemExit(f"{asked.name} has no schema of a provider {package}") from None
    if not found["tokens"]:
        raise SystemExit(f"{asked.name} has no type that {asked.only} fits")
    if wrong := [f"{'.'.join(map(str, at))}: {what}" for at, what in wrong_contracts(found, package)]:
        raise SystemExit("\n".join(("these contracts would not count:", *wrong)))
    asked.into.mkdir(parents=True, exist_ok=True)
    (asked.into / f"{package}.json").write_text(written(found), encoding="utf-8")
    say = sys.stdout.write
    say(f"{asked.into / f'{package}.json'}: {len(found['tokens'])} types of {package} {found['version']}\n")
    lines = changes_of(found, changes)
    file = asked.into / CHANGES
    if file.exists():
        say(f"{file} is there, and left as it is; lines that it may lack:\n")
        say("".join(f"{json.dumps(name)}: {json.dumps(line)},\n" for name, line in lines.items()))
    else:
        draft = {"as_of": "", "sources": {package: ""}, "tokens": lines}
        file.write_text(json.dumps(draft, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        say(f"{file}: a draft. Complete it from the provider's source, and say which (sources) and when (as_of): until then it does not count\n")  # fmt: skip


__all__ = ["changes_of", "contract_of", "main", "of_schema", "of_sdk", "of_terraform"]
