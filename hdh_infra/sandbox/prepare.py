"""Getting a machine ready: engine, plugins and servers built or installed once, with progress.

`python -m hdh_infra.sandbox.prepare` says what it waits for and, where something cannot be had, why and what
that leaves out; it fails for that only with `--require`. `--bytecode` only compiles the packages whose start time is felt.
"""

from __future__ import annotations

import compileall
import importlib.util
import sys
import time
from collections.abc import Callable

from hdh_infra.errors import HdhError

HOT_PACKAGES = (
    "typer",
    "click",
    "rich",
    "pydantic",
    "ruamel",
    "pulumi",
    "grpc",
    "google",
    "boto3",
    "botocore",
    "pytest",
    "_pytest",
    "hypothesis",
    "openstack",
    "keystoneauth1",
    "hdh_infra",
)
"""Packages whose import is felt; the generated SDKs are not among them: nothing imports them."""


def compile_bytecode() -> None:
    """Compile the packages whose start time is felt; a machine may have told Python not to keep bytecode."""
    for name in HOT_PACKAGES:
        spec = importlib.util.find_spec(name)
        for location in (spec.submodule_search_locations or []) if spec else []:
            compileall.compile_dir(location, quiet=2, workers=0)


def prepare(say: Callable[[str], None]) -> list[str]:
    """Build or install what the end-to-end tests need; what could not be had, in words."""
    from hdh_infra.sandbox import engine, openstack

    missing = []
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("the Pulumi engine", lambda: engine.ensure(say)),
        ("the OpenStack plugin", lambda: engine.ensure_openstack_plugin(say)),
        ("OpenStack", lambda: openstack.seed(say)),
    )
    for name, step in steps:
        started = time.monotonic()
        try:
            made = step()
        except HdhError as error:
            missing.append(f"{name}: {error}")
            say(f"not to be had: {name}: {error}")
        else:
            which = f" {made.version}, {made.origin}" if isinstance(made, engine.Engine) else ""
            say(f"{name}{which}: ready ({time.monotonic() - started:.0f} s)")
    return missing


def main() -> None:
    """Prepare, and say so line by line."""
    if "--bytecode" in sys.argv:
        compile_bytecode()
        return
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a text stream
    if prepare(print) and "--require" in sys.argv:
        sys.exit(1)


if __name__ == "__main__":
    main()
