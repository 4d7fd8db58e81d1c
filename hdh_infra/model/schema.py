"""The JSON Schema of a description's file, for editors and for those who write descriptions by program.

It is the model's own, with `include`, which the model never sees: `compose` takes it out.
"""

from __future__ import annotations

from typing import Any

from hdh_infra.model.compose import INCLUDE, MAX_LEVELS
from hdh_infra.model.platform import Platform

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_PARTS = f"A file that names others under `{INCLUDE}`, or that others include, may leave required fields out: they hold for the whole."
_NAME = {"type": "string", "minLength": 1}


def json_schema() -> dict[str, Any]:
    """The schema, of draft 2020-12."""
    model = Platform.model_json_schema(by_alias=True)
    include = {
        "title": "Include",
        "description": (
            "Files that this one is laid over, in order, each relative to this file: mappings merge by name, lists "
            "add up, everything else is replaced, and a null takes out what it lies over. At most "
            f"{MAX_LEVELS} levels deep, and no file twice."
        ),
        "anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}],
    }
    return {
        "$schema": DRAFT,
        "title": model.get("title", "Platform"),
        **model,
        "description": f"{model.get('description', '')}\n\n{_PARTS}".strip(),
        "properties": {INCLUDE: include, **model["properties"]},
    }
