"""`python -m hdh_infra.sandbox.simulator`: serve a box, list what it holds, disturb it, print the table of rules."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

_NUMBERS: Final = 2
"""What may follow a fault: how often, and seconds."""


def main(arguments: list[str]) -> int:
    """Serve, list, disturb, or print the rules.

    serve DIRECTORY PACKAGE=PORT...
    list DIRECTORY
    fault DIRECTORY TYPES OPERATION KIND [COUNT [SECONDS]]
    pass DIRECTORY SECONDS | pace DIRECTORY SECONDS | calm DIRECTORY
    rules
    """
    match arguments:
        case ["serve", directory, *served] if served:
            from hdh_infra.sandbox.simulator.serving import serve

            pairs = [one.split("=", 1) for one in served]
            serve(Path(directory), {package: int(port) for package, port in pairs})
        case ["list", directory]:
            from hdh_infra.sandbox.simulator.reader import Cloud

            found = Cloud(Path(directory)).resources(include_deleted=True)
            sys.stdout.write(json.dumps(found, indent=2) + "\n")
        case ["fault", directory, types, operation, kind, *numbers] if len(numbers) <= _NUMBERS:
            from hdh_infra.sandbox.simulator.reader import fault

            count, seconds = [*numbers, "1", "0"][0], [*numbers[1:], "0"][0]
            fault(Path(directory), types, operation, kind, count=int(count), seconds=float(seconds))
        case ["pass" | "pace" as word, directory, seconds]:
            from hdh_infra.sandbox.simulator.reader import Cloud

            cloud = Cloud(Path(directory))
            (cloud.let_pass if word == "pass" else cloud.set_pace)(float(seconds))
        case ["calm", directory]:
            from hdh_infra.sandbox.simulator.reader import Cloud

            Cloud(Path(directory)).clear_faults()
        case ["rules"]:
            from hdh_infra.sandbox.simulator.table import rules_table

            sys.stdout.write(rules_table())
        case _:
            sys.stderr.write(f"{main.__doc__}\n")
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
