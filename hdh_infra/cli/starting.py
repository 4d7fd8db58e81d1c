"""What `hdh init` writes: one of the example descriptions, and the schema beside it for editors.

The examples have one source, `examples/` of the repository; a wheel carries them inside the package. Each names
its schema in its first line as a file beside it, so that editors complete and check what is written. It
deliberately changes nothing in an example: what is started from is what is read and tested.
"""

from __future__ import annotations

import json
from pathlib import Path

import hdh_infra
from hdh_infra.cli.output import remarks, write_file
from hdh_infra.errors import Problem, SpecError

EXAMPLES = ("small", "hdh-national", "hospital-eds", "ehds-node")
"""By name, the simplest first."""
SCHEMA = "hdh-platform.schema.json"
"""Name of the schema's file, as the examples' first lines have it."""


def folder() -> Path:
    """Where the examples are: in the installed package, or at the top of the repository."""
    package = Path(hdh_infra.__file__).parent
    inside = package / "examples"
    return inside if inside.is_dir() else package.parent / "examples"


def example(name: str) -> str:
    """The text of an example. Raises `SpecError` with the nearest right word for a name that there is not."""
    from hdh_infra.model.names import told

    if name not in EXAMPLES:
        raise SpecError([Problem("--example", None, None, "", told(f"no example is {name!r}", name, EXAMPLES))])
    return (folder() / f"{name}.yaml").read_text(encoding="utf-8")


def write_schema(described: Path) -> Path:
    """Write the schema beside a description, byte for byte what `hdh schema` prints; its file.

    One that is there already is never written over: a remark says so where it is of another version.

    Raises:
        SpecError: it cannot be written.
    """
    file, current = described.parent / SCHEMA, schema_text()
    if not file.exists():
        write_file(file, current)
        return file
    try:
        same = file.read_text(encoding="utf-8", errors="replace") == current
    except OSError:
        same = False
    if not same:
        remarks().print(f"{file} is of another version; renew it with: hdh schema > {file}", soft_wrap=True)
    return file


def schema_text() -> str:
    """The schema's file."""
    from hdh_infra.model.schema import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
