"""The file of what was measured: written by `hdh assess --live --out`, read with care, and put beside a description.

A plan stays a function of its inputs: what was measured counts only where a file of it is named, and its digest is
in the plan. Nothing measured is kept anywhere else.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from hdh_infra.catalogue.forms import check_value
from hdh_infra.catalogue.load import site, targets
from hdh_infra.catalogue.measuring import MEASURABLE, QUIRKS
from hdh_infra.errors import Problem, SpecError
from hdh_infra.model.explain import explained, shown
from hdh_infra.model.measured import FORMAT, Measured, MeasuredFile, form
from hdh_infra.model.names import told
from hdh_infra.model.origin import Origin
from hdh_infra.model.platform import Platform
from hdh_infra.model.reading import read_yaml
from hdh_infra.model.target import Target

HEADER = "# What endpoints answered on the day of each entry; made by `hdh assess --live --out`. Never edited: measured anew.\n"
_WRITE = "write one with `hdh assess SPEC --on TARGET --live --out FILE`"


def read_measured(file: Path) -> Mapping[str, Measured]:
    """What a file holds, by target.

    Raises:
        SpecError: with every problem of the file: it cannot be read, is of another form, or speaks of what no endpoint can tell.
    """
    value, places = read_yaml(file, "file of what was measured", _WRITE)
    origin = Origin(file, places)
    if not isinstance(value, dict):
        raise SpecError([origin.problem((), f"holds {shown(value)}, and nothing measured: {_WRITE}")])
    try:
        found = MeasuredFile.model_validate(value)
    except ValidationError as error:
        problems = [explained(one, one["loc"], value, origin, MeasuredFile) for one in error.errors(include_url=False)]
        raise SpecError(origin.in_order(problems)) from None
    if problems := list(_wrong(found, origin)):
        raise SpecError(origin.in_order(problems))
    return found.targets


def _wrong(found: MeasuredFile, origin: Origin) -> Iterator[Problem]:
    known = {str(one) for one in targets()}
    for target, measured in found.targets.items():
        at = ("targets", target)
        if target not in known:
            yield origin.problem(at, told(f"no target is {target!r}", target, known))
            continue
        offer = site(Target.parse(target)).offer
        for index, fact in enumerate(measured.facts):
            if fact.attribute not in MEASURABLE:
                what = told(f"no endpoint can tell {fact.attribute}", fact.attribute, MEASURABLE)
                yield origin.problem((*at, "facts", index, "attribute"), what)
            elif wrong := check_value(fact.attribute, fact.value):
                yield origin.problem((*at, "facts", index, "value"), wrong)
        for part, names, allowed in (
            ("limits", measured.limits, {limit.key for limit in offer.limits if not limit.size_of}),
            ("images", measured.images or {}, set(offer.images)),
            ("quirks", measured.quirks, set(QUIRKS)),
        ):
            for name in names:
                if name not in allowed:
                    yield origin.problem((*at, part, name), told(f"{target} has no {name!r}", name, allowed))


def with_measured(platform: Platform, given: Mapping[str, Measured], problems: list[Problem]) -> Platform:
    """A platform beside what was measured of its targets: what is given, else the files that it names itself.

    Args:
        platform: the spec.
        given: by target; it stands in for a file that the spec names.
        problems: of the files, which are added here.
    """
    found = dict(given)
    for name, settings in platform.targets.items():
        if settings.measured is None or name in found:
            continue
        # So that a wrong file is told of once, and the rest is checked on.
        found[name] = Measured(as_of=datetime.date.min)
        file = (platform.source.parent if platform.source else Path()) / settings.measured
        try:
            entries = read_measured(file)
        except SpecError as error:
            problems.extend(error.problems)
            continue
        if name in entries:
            found[name] = entries[name]
        else:
            what = f"{file} has nothing of {name}: {_WRITE.replace('TARGET', name)}"
            problems.append(platform.problem(("targets", name, "measured"), what))
    return platform.with_measured(found) if found else platform


def written(found: Mapping[str, Measured]) -> str:
    """The text of a file, sorted by target: equal measurements give equal bytes."""
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared without its type
    yaml.width = 4096
    stream = StringIO()
    yaml.dump({"format": FORMAT, "targets": {name: form(one) for name, one in sorted(found.items())}}, stream)
    return HEADER + stream.getvalue()


__all__ = ["read_measured", "with_measured", "written"]
