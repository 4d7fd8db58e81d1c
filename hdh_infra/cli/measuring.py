"""`hdh assess --live`: asking the endpoints of targets, before the description is judged by what they answered."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hdh_infra.cli.output import Waiting, remarks, write_file
from hdh_infra.errors import Problem, SpecError

if TYPE_CHECKING:
    from hdh_infra.model.measured import Measured
    from hdh_infra.model.target import Target


def measure_targets(spec: Path, on: Sequence[str], *, sandbox: bool, out: Path | None) -> Mapping[str, Measured]:
    """What the endpoints of the targets answer now, by target; those that cannot be asked are remarked and left as they are.

    Args:
        spec: the description; its own problems are told first, all but those that what is measured may answer.
        on: the targets that were named.
        sandbox: whether this machine's sandbox is asked.
        out: where it is written.

    Raises:
        SpecError: the description is wrong, or no target can be asked.
        CloudError: nothing of a target answers.
    """
    from hdh_infra.live import has_reader, measure
    from hdh_infra.model.load import load
    from hdh_infra.model.target import Target
    from hdh_infra.planning.load import check_named
    from hdh_infra.planning.measured_file import written

    platform = load(spec)
    named = [one for one in on if one != "all"]
    if problems := check_named(named):
        raise SpecError(problems)
    chosen = [Target.parse(one) for one in dict.fromkeys(named or platform.targets)]
    asked = [target for target in chosen if has_reader(target)]
    if not asked:
        what = "no target that can be asked: name one of OpenStack or OVHcloud"
        raise SpecError([Problem("--live", None, None, "", what)])
    for target in chosen:
        if target not in asked:
            remarks().print(f"{target}: nothing asks its endpoints; the catalogue alone answers", soft_wrap=True)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    found: dict[str, Measured] = {}
    with Waiting() as say:
        for target in asked:
            environment = _environment(target, say, sandbox=sandbox)
            found[str(target)] = measure(target, environment, platform, as_of=today, say=say)
    if out is not None:
        write_file(out, written(found))
        remarks().print(f"{out} written", soft_wrap=True)
    return found


def _environment(target: Target, say: Waiting, *, sandbox: bool) -> dict[str, str]:
    """The variables that credentials and endpoints are taken from."""
    if not sandbox:
        return dict(os.environ)
    from hdh_infra.sandbox import box

    box.up([target], say)
    return {**box.stripped(os.environ), **box.environment(target, say)}
