"""`python -m hdh_infra.sandbox.simulator`: serve a box, list what it holds, print the table of rules."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """`serve DIRECTORY PACKAGE=PORT...`, `list DIRECTORY`, or `rules`."""
    match arguments:
        case ["serve", directory, *served] if served:
            from hdh_infra.sandbox.simulator.serving import serve

            pairs = [one.split("=", 1) for one in served]
            serve(Path(directory), {package: int(port) for package, port in pairs})
        case ["list", directory]:
            from hdh_infra.sandbox.simulator.reader import Cloud

            found = Cloud(Path(directory)).resources(include_deleted=True)
            sys.stdout.write(json.dumps(found, indent=2) + "\n")
        case ["rules"]:
            from hdh_infra.sandbox.simulator.table import rules_table

            sys.stdout.write(rules_table())
        case _:
            sys.stderr.write(f"{main.__doc__}\n")
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
