"""What every offer answers to the national platform, on record: a review sees which requirement a change meets or loses, and where."""

import datetime
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import one_of_each
from hdh_infra.compare.assessment import assessment, plan_all
from hdh_infra.model.target import Target

TODAY = datetime.date(2026, 11, 23)
HERE = Path(__file__).parent / "verdicts"
EXAMPLE = Path(__file__).parents[2] / "examples" / "hdh-national.yaml"
PROJECTS = 6
"""Of its 150: they are asked alike, and one plan of them all takes a second."""
WHOLE = hdh.load(EXAMPLE)
PLATFORM = WHOLE.model_copy(
    update={
        "spaces": WHOLE.spaces.model_copy(update={"projects": dict(list(WHOLE.spaces.projects.items())[:PROJECTS])})
    }
)
TARGETS = one_of_each(WHOLE.targets)


def told(target: Target):
    found = assessment(PLATFORM, plan_all(PLATFORM, [target], None, TODAY), today=TODAY)
    (side,) = found.sides
    unknown = sum(str(row.verdict) == "unknown" for row in side.verdicts)
    yield f"{target}: {'deployable' if side.deployable else 'not deployable'}, {unknown} verdicts unknown"
    if side.unplanned:
        yield f"no plan can be made: {side.unplanned}"
    for line in found.overview.lines:
        (cell,) = line.cells
        if cell is not None:
            counts = ", ".join(f"{verdict} {count}" for verdict, count in cell.counts.items())
            yield f"{line.requirement:<28} {counts}{', waived' if cell.waived else ''}"


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_what_an_offer_answers_is_what_is_on_record(target, update_golden):
    golden = HERE / f"{target.stack}.txt"
    text = "\n".join(told(target)) + "\n"
    if update_golden:
        golden.write_text(text, encoding="utf-8")
    assert golden.exists(), f"{golden.name} is missing: make golden"
    assert text == golden.read_text(encoding="utf-8"), "verdicts changed: look at them, then make golden"


def test_nothing_is_on_record_of_an_offer_that_is_gone():
    assert {file.stem for file in HERE.iterdir()} <= {target.stack for target in TARGETS}
