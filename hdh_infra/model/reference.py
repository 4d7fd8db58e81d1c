"""The reference of a description, from the model itself: each field, its form, its default and its meaning.

It deliberately explains nothing that stands in no field: how patterns, links and the lock work is
`docs/spec.md`'s own text, into which `python -m hdh_infra.model.reference docs/spec.md` writes these tables.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hdh_infra.model.platform import Platform

BEGIN, END = "<!-- fields: begin -->", "<!-- fields: end -->"
_PLACES = {
    "Platform": "the whole file",
    "Residency": "`residency`",
    "NetworkSettings": "`network`",
    "Key": "`keys.NAME`",
    "Zone": "`zones.NAME`",
    "Store": "`stores.NAME` of a zone, a space or `spaces.defaults`",
    "Retention": "`retention` of a store",
    "Machine": "`machines.NAME` of a zone, a space or `spaces.defaults`",
    "Disk": "`disk` of a machine",
    "Spaces": "`spaces`",
    "SpaceDefaults": "`spaces.defaults`",
    "Space": "`spaces.projects.NAME`",
    "Flow": "each of `flows`",
    "Egress": "each of `egress`",
    "TargetSettings": "`targets.TARGET`",
    "StateSettings": "`targets.TARGET.state`",
    "DeclaredFact": "each of `facts`",
    "Waiver": "each of `waivers`",
    "Retirement": "each of `retire`",
}


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
        needed = field in node.get("required", ())
        default = "needed" if needed else _default(one.get("default"))
        yield f"| `{field}` | {_form(one, definitions)} | {default} | {_cell(str(one.get('description', '')))} |"
    yield ""


def _default(value: Any) -> str:
    return "none" if value is None or value in ([], {}) or isinstance(value, dict) else f"`{str(value).lower()}`"


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
            return "size, such as `500GB`" if bounded else "port or range, such as `443` or `8000-8010`"
        forms = [_form(one, definitions) for one in node["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(forms))
    if "enum" in node:
        return " or ".join(f"`{one}`" for one in node["enum"])
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


def main() -> None:
    """Write the tables into the file that is named."""
    file = Path(sys.argv[1])
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    file.write_text(f"{before}{BEGIN}\n\n{reference()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
