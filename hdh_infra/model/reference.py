"""The reference of a description, from the model itself: each field, its form, its default and its meaning.

It deliberately explains nothing that stands in no field: how patterns, links and the lock work is
`docs/spec.md`'s own text, into which `python -m hdh_infra.model.reference docs/spec.md` writes these tables.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hdh_infra.model.base import write_size
from hdh_infra.model.frameworks import CLAUSES, EEA, EU, TITLES
from hdh_infra.model.platform import Platform

_PLACES = {
    "Platform": "the whole file",
    "Residency": "`residency`",
    "NetworkSettings": "`network`",
    "Group": "`groups.NAME`",
    "Naming": "`naming`",
    "Key": "`keys.NAME`, and `key` of `spaces.defaults` or of a space",
    "Zone": "`zones.NAME`",
    "Store": "`stores.NAME` of a zone, a space or `spaces.defaults`",
    "Grant": "each of `grants` of a store",
    "Retention": "`retention` of a store",
    "Expiry": "each of `expiry` of a store",
    "Backup": "`backup` of a store or machine, and `backup.stores`, `backup.disks`",
    "Machine": "`machines.NAME` of a zone, a space or `spaces.defaults`",
    "Disk": "`disk` of a machine",
    "SystemDisk": "`system_disk` of a machine",
    "Gpu": "`gpu` of a machine, or of a declared flavour",
    "Spaces": "`spaces`",
    "SpaceDefaults": "`spaces.defaults`",
    "Space": "`spaces.projects.NAME`",
    "SpaceFlow": "each of `flows` of `spaces.defaults` or of a space",
    "Airlock": "`airlock` of `spaces.defaults` or of a space",
    "Gate": "`import` and `export` of an airlock",
    "Flow": "each of `flows`",
    "Egress": "each of `egress`",
    "Audit": "`audit`",
    "BackupSettings": "`backup`",
    "TargetSettings": "`targets.TARGET`",
    "DeclaredFlavour": "each of `targets.TARGET.flavours`",
    "Existing": "`targets.TARGET.existing.PATH`, where it is more than an id",
    "StateSettings": "`targets.TARGET.state`",
    "DeclaredFact": "each of `facts`",
    "Waiver": "each of `waivers`",
    "Passing": "each of `passed` of a waiver",
    "Retirement": "each of `retire`",
    "Replacement": "each of `replace`",
}
"""Every part of a description, in the order of the document."""


_SIZE = "size, such as"


def reference() -> str:
    """The tables in Markdown, one for each part of a description."""
    schema = Platform.model_json_schema(by_alias=True)
    definitions = {"Platform": schema, **schema["$defs"]}
    lines: list[str] = []
    for name, place in _PLACES.items():
        lines.extend(_table(definitions[name], place, definitions))
    return "\n".join(lines)


def _table(node: Mapping[str, Any], place: str, definitions: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {place[0].upper()}{place[1:]}"
    yield ""
    about = str(node.get("description", "")).split("\n\n")[0].replace("\n", " ")
    yield about
    yield ""
    yield "| field | form | default | meaning |"
    yield "|---|---|---|---|"
    for field, one in node["properties"].items():
        form = _form(one, definitions)
        default = "needed" if field in node.get("required", ()) else _default(one.get("default"), form)
        yield f"| `{field}` | {form} | {default} | {_cell(str(one.get('description', '')))} |"
    yield ""


def frameworks() -> str:
    """The texts that a platform can answer to, and what each of their clauses raises, as two tables in Markdown."""
    lines = ["| `frameworks` | text |", "|---|---|"]
    lines += [f"| `{name}` | {title} |" for name, title in TITLES.items()]
    lines += ["", "| framework | clause | raises | to | because |", "|---|---|---|---|---|"]
    lines += [
        f"| `{one.framework}` | {one.clause} | {_RAISES[one.floor]} | {_raised_to(one.value)} | {_cell(one.says)} |"
        for one in CLAUSES
    ]
    return "\n".join(lines)


_RAISES = {
    "residency": "`residency.countries`, narrowed",
    "log-retention": "`retention.days` of the store of logs",
    "log-mode": "`retention.mode` of the store of logs",
    "encryption": "`encryption` of every store and disk",
    "rotation": "`rotation_days` of every generated key, lowered",
    "audit": "parts of `audit`, switched on",
}
_COUNTRIES = {EU: "the states of the EU", EEA: "the states of the EEA"}


def _raised_to(value: Any) -> str:
    if isinstance(value, frozenset):
        return _COUNTRIES[value]
    return ", ".join(f"`{one}`" for one in value) if isinstance(value, tuple) else f"`{value}`"


def _default(value: Any, form: str) -> str:
    if value is None or value in ([], {}, "") or isinstance(value, dict):
        return "none"
    return f"`{write_size(value) if form.startswith(_SIZE) else str(value).lower()}`"


def _form(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What a value looks like, in a few words."""
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[1]
        choices = definitions[name].get("enum")
        if choices:
            return " or ".join(f"`{one}`" for one in choices)
        return "mapping" if "properties" in definitions[name] else "any value"
    if "anyOf" in node:
        types = {one.get("type") for one in node["anyOf"]} - {"null"}
        if types == {"string", "integer"}:
            # Quantities are the only values with two forms: bytes never count below 0, and ports have no such bound.
            bounded = any("minimum" in one for one in node["anyOf"])
            return f"{_SIZE} `500GB`" if bounded else "port or range, such as `443` or `8000-8010`"
        forms = [_form(one, definitions) for one in node["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(forms))
    if "enum" in node or "const" in node:
        return " or ".join(f"`{one}`" for one in node.get("enum", [node.get("const")]))
    if node.get("type") == "array":
        items = node.get("items", {})
        return f"list of {_form(items if isinstance(items, dict) else {}, definitions)}"
    if node.get("type") == "object":
        return "mapping by name"
    form = {"string": "text", "integer": "number", "boolean": "`true` or `false`"}.get(
        str(node.get("type")), "any value"
    )
    form = "date" if node.get("format") == "date" else form
    if "minLength" in node and node["minLength"] > 1:
        form += f" of {node['minLength']} characters or more"
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None:
        form += f", {low} to {high}" if high is not None else f", from {low}"
    return form


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


TABLES: Mapping[str, Callable[[], str]] = {"frameworks": frameworks, "fields": reference}
"""What is made from the model, by the name that the document's marks have."""


def marks(name: str) -> tuple[str, str]:
    """The marks that tables stand between."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def renewed(text: str) -> str:
    """A document with every table between its marks made anew."""
    for name, made in TABLES.items():
        begin, end = marks(name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n\n{made().rstrip()}\n\n{end}{after}"
    return text


def main() -> None:
    """Write the tables into the file that is named."""
    file = Path(sys.argv[1])
    file.write_text(renewed(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
