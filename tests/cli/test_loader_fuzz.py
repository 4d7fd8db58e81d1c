"""Whatever a file holds, the loader answers with a platform or with a `SpecError` that names at least one problem."""

import datetime
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdh_infra.errors import SpecError
from hdh_infra.model.load import read_yaml
from hdh_infra.planning import load

SMALL = Path(__file__).parents[2] / "examples" / "small.yaml"
TEXT = SMALL.read_text(encoding="utf-8")
VALUE, _ = read_yaml(SMALL)

bounded = settings(
    max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "spec.yaml"


def answer(file):
    """Load; what is raised has problems, each with a place in the file and something to say."""
    problems = []
    try:
        load(file, on=["ovhcloud:GRA"])
    except SpecError as error:
        problems = error.problems
        told = str(error)
    else:
        return []
    assert problems, "a refusal says why"
    assert told.endswith("nothing was done")
    lines = len(file.read_bytes().splitlines()) + 1
    for problem in problems:
        assert problem.what
        assert problem.line is None or 1 <= problem.line <= lines
        assert "\n" not in str(problem), "one line a problem"
    assert len({str(problem) for problem in problems}) == len(problems), "each once"
    return problems


@bounded
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(TEXT)),
            st.integers(0, 12),
            st.sampled_from(
                [
                    "",
                    " ",
                    "\n",
                    "\t",
                    ":",
                    "- ",
                    "{",
                    "}",
                    "[",
                    "]",
                    "&a ",
                    "*a",
                    "!!int ",
                    "!x ",
                    "'",
                    '"',
                    "|",
                    ">",
                    "#",
                    "\x00",
                    "\x85",
                    "é",
                    "~",
                    "0x",
                    "1e999",
                    "<<: ",
                    "? ",
                    "---\n",
                    "%",
                    "@",
                    "2026-02-31",
                ]
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_text_with_pieces_cut_out_and_put_in(file, changes):
    text = TEXT
    for at, cut, piece in changes:
        text = text[:at] + piece + text[at + cut :]
    file.write_text(text, encoding="utf-8")
    answer(file)


@bounded
@given(st.binary(max_size=200))
def test_any_bytes(file, raw):
    file.write_bytes(raw)
    assert answer(file), "no 200 bytes of chance are a platform"


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["zone/*", "10.0.0.0/8", "500GB", "FR", "key/lake", "**", "[", "a/b/c", "azure:francecentral", "store.encryption", -1, 10**30]),
)  # fmt: skip
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def parts(value, at=()):
    yield at
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from parts(item, (*at, key))


PARTS = [at for at in parts(VALUE) if at]


def changed(value, at, new, *, drop):
    """A copy with one part replaced, taken out, or (of a name) misspelt."""
    if not at:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    key = at[0]
    if len(at) > 1:
        copied[key] = changed(value[key], at[1:], new, drop=drop)
    elif drop:
        del copied[key]
    elif isinstance(copied, dict) and isinstance(new, str) and new:
        copied[new] = copied.pop(key)
    else:
        copied[key] = new
    return copied


def there(value, at):
    for key in at:
        if not (isinstance(value, dict) and key in value) and not (
            isinstance(value, list) and isinstance(key, int) and key < len(value)
        ):
            return False
        value = value[key]
    return True


@bounded
@given(st.lists(st.tuples(st.sampled_from(PARTS), anything, st.booleans()), min_size=1, max_size=5))
def test_structures_with_parts_replaced_renamed_and_taken_out(file, changes):
    value = VALUE
    for at, new, drop in changes:
        if there(value, at):
            value = changed(value, at, new, drop=drop)
    file.write_text(json.dumps(value, default=datetime.date.isoformat), encoding="utf-8")
    answer(file)


@settings(bounded, max_examples=30)
@given(st.lists(st.sampled_from([at for at in PARTS if isinstance(at[-1], str)]), min_size=1, max_size=4, unique=True))
def test_each_misspelt_field_is_told_however_many_there_are(file, wanted):
    value, misspelt = VALUE, []
    for at in wanted:
        # Names of elements are free, and a change above another would move it.
        if at[0] in {"residency", "network", "flows", "facts", "waivers"} and len(at) > 1 and there(value, at):
            misspelt.append(f"{at[-1]}x")
            value = changed(value, at, f"{at[-1]}x", drop=False)
    file.write_text(json.dumps(value, default=datetime.date.isoformat), encoding="utf-8")
    told = [problem.what for problem in answer(file)]
    for name in misspelt:
        assert any(f"'{name}' is no field here" in what and f"did you mean {name[:-1]}?" in what for what in told), (
            name,
            told,
        )
