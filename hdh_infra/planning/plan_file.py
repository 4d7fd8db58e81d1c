"""Reading the file of a plan, as `hdh plan --out` wrote it: a plan, or every fault of it with its place."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hdh_infra.errors import Problem, SpecError
from hdh_infra.graph.plan import FORMAT, Plan
from hdh_infra.model.origin import dotted

_WRITE = "write one with `hdh plan SPEC --on TARGET --out FILE`"


def read_plan(file: Path) -> Plan:
    """The plan in a file.

    Raises:
        SpecError: it cannot be read, is no JSON, no plan, a plan of another format, or damaged.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _wrong(file, f"is not a text in UTF-8: {_WRITE}") from None
    except OSError as error:
        raise _wrong(file, f"cannot be read ({error.strerror}): name the file of a plan; {_WRITE}") from None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        what = f"is not JSON ({error.msg}): {_WRITE}"
        raise SpecError([Problem(str(file), error.lineno, error.colno, "", what)]) from None
    except (ValueError, RecursionError) as error:
        raise _wrong(file, f"is not JSON of a plan ({error}): {_WRITE}") from None
    _check_format(file, value)
    try:
        plan = Plan.from_json(value)
    except ValidationError as error:
        raise SpecError(
            [
                Problem(
                    str(file),
                    None,
                    None,
                    dotted(tuple(detail["loc"])),
                    f"{detail['msg']}: the plan is damaged; {_WRITE}",
                )
                for detail in error.errors(include_url=False, include_context=False)
            ]
        ) from None
    twice = sorted(path for path, count in Counter(node.path for node in plan.nodes).items() if count > 1)
    if twice:
        raise SpecError(
            [
                Problem(str(file), None, None, "nodes", f"{path} is there twice: the plan is damaged; {_WRITE}")
                for path in twice
            ]
        )
    return plan


def _check_format(file: Path, value: Any) -> None:
    if isinstance(value, list):
        raise _wrong(file, f"is a list of {len(value)}, not one plan: {_WRITE}, one target a file")
    if not isinstance(value, dict):
        raise _wrong(file, f"is {type(value).__name__}, not a plan: {_WRITE}")
    found = value.get("format")
    if not isinstance(found, str):
        raise _wrong(file, f"says no format, so that it is not a plan: {_WRITE}")
    if found == FORMAT:
        return
    family = FORMAT.split("/")[0]
    if found.split("/")[0] == family:
        raise _wrong(
            file, f"is of the format {found}, and this version reads {FORMAT}: {_WRITE} by this version", "format"
        )
    raise _wrong(file, f"is of the format {found}, and a plan is {FORMAT}: {_WRITE}", "format")


def _wrong(file: Path, what: str, field: str = "") -> SpecError:
    return SpecError([Problem(str(file), None, None, field, what)])
