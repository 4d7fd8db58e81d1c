"""Values of a plan as a person reads them: forms in words, short things on one line, long texts line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from hdh_infra.graph.values import FORMS, Value, fill, form_of, slots

WIDTH = 110
"""Columns of a property that stands on one line."""
_CONTEXT = 16
"""Characters before the first difference of two long values."""
_PLAIN = re.compile(r"[A-Za-z0-9/_.*@:+=,%#~()\[\]-][A-Za-z0-9/_.*@:+=,%#~() \[\]-]*")
_WORDS = re.compile(r"(null|true|false|format|json|base64|lookup|secret|->)\b")


def inline(value: Value) -> str:
    """A value on one line. A text stands without quotes where it cannot be taken for anything else."""
    return value if isinstance(value, str) and _is_plain(value) else _nested(value)


def short(value: Value, width: int = 60) -> str:
    """A value on one line, cut to a width; what is not there is `nothing`."""
    return _cut("nothing" if value is None else inline(value), width)


def changed(old: Value, new: Value, width: int = 60) -> str:
    """Old and new value, `a -> b`, each cut to a width; of long ones that begin alike, from where they part."""
    words = ["nothing" if value is None else inline(value) for value in (old, new)]
    alike = next((at for at, (one, other) in enumerate(zip(*words, strict=False)) if one != other), 0)
    if max(map(len, words)) > width and alike > _CONTEXT:
        words = [f"…{one[alike - _CONTEXT :]}" for one in words]
    return " -> ".join(_cut(one, width) for one in words)


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1]}…"


def property_lines(name: str, value: Value) -> Iterator[str]:
    """A property in as few lines as are readable: on one, or one a leaf, each with its path; a long text as it is."""
    words = f"{name}: {inline(value)}"
    kind = _form(value)
    if kind in {"$base64", "$format"} or (kind is None and isinstance(value, str)):
        text, head = _text(value)
        if "\n" in text:
            yield f"{name}: {head}".rstrip()
            yield from (f"  | {line}".rstrip() for line in text.splitlines())
            return
    if len(words) <= WIDTH:
        yield words
    elif kind == "$json":
        yield f"{name}: json"
        yield from _parts(name, value["$json"])
    elif kind is None and isinstance(value, (Mapping, list)):
        yield from _parts(name, value)
    else:
        yield words


def leaf_lines(name: str, value: Value) -> Iterator[str]:
    """A property one leaf a line, however short it is: to be compared."""
    inner = value["$json"] if _form(value) == "$json" else value
    if _form(inner) is None and isinstance(inner, (Mapping, list)) and inner:
        for path, item in _members(name, inner):
            yield from leaf_lines(path, item)
    else:
        yield f"{name}: {inline(value)}"


def _parts(name: str, value: Value) -> Iterator[str]:
    if _form(value) is None and isinstance(value, (Mapping, list)):
        for path, item in _members(name, value):
            yield from property_lines(path, item)
    else:
        yield from property_lines(name, value)


def _members(name: str, value: Mapping[str, Value] | list[Value]) -> Iterator[tuple[str, Value]]:
    if isinstance(value, list):
        yield from ((f"{name}[{index}]", item) for index, item in enumerate(value))
    else:
        yield from ((f"{name}.{key}", item) for key, item in value.items())


def _form(value: Value) -> str | None:
    """Which whole form a value is; None of plain JSON, and of what only looks like a form."""
    kind = form_of(value)
    if kind is None or kind not in FORMS or set(value) != FORMS[kind]:
        return None
    if kind == "$format":
        args = value["args"]
        well = isinstance(value[kind], str) and isinstance(args, list) and slots(value[kind]) <= set(range(len(args)))
        return kind if well else None
    return kind


def _nested(value: Value) -> str:
    match _form(value):
        case "$ref":
            return f"-> {value['$ref']}.{value['output']}"
        case "$format":
            return f"format {_quoted(_filled(value))}"
        case "$json":
            return f"json {_nested(value['$json'])}"
        case "$base64":
            return f"base64 {_nested(value['$base64'])}"
        case "$lookup":
            return f"lookup {value['$lookup']} {_nested(value['args'])}.{value['output']} ({value['provider']})"
        case "$secret":
            return f"secret {value['$secret']}"
        case _:
            pass
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(key)}: {_nested(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_nested, value)) + "]"
    return _quoted(value)


def _filled(value: Mapping[str, Value]) -> str:
    """The template of a format with its arguments at their places, in braces; braces of its own stay doubled."""
    args = ["{" + inline(one) + "}" for one in value["args"]]
    kept = value["$format"].replace("{{", "{{{{").replace("}}", "}}}}")
    return fill(kept, args)


def _text(value: Value) -> tuple[str, str]:
    """The text that a value is made of, and the words before it."""
    match _form(value):
        case "$base64":
            text, head = _text(value["$base64"])
            return text, f"base64 {head}"
        case "$format":
            return _filled(value), "format"
        case _:
            return (value, "") if isinstance(value, str) else (_nested(value), "")


def _is_plain(text: str) -> bool:
    if not _PLAIN.fullmatch(text) or _WORDS.match(text) or text.endswith(" "):
        return False
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def _quoted(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
