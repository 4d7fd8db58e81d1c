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
    for problem in problems:
        assert problem.what
        if problem.line is not None:
            assert 1 <= problem.line <= len(Path(problem.file).read_bytes().splitlines()) + 1
        assert str(problem).isprintable(), "one line a problem, and nothing that a terminal obeys"
    assert len({str(problem) for problem in problems}) == len(problems), "each once"
    return problems


PIECES = [
    "", " ", "\n", "\t", ":", "- ", "{", "}", "[", "]", "&a ", "*a", "!!int ", "!x ", "'", '"', "|", ">", "#", "\x00", "\x85", "\u2028", "\x1b[31m",
    "\u202e", "é", "🙂", "~", "null", "0x", "1e999", "<<: ", "<<<<<<< a\n", "=======\n", "? ", "---\n", "%", "@", "2026-02-31", '"\\e"', "include: ",
]  # fmt: skip
changes_of_text = st.lists(
    st.tuples(st.integers(0, len(TEXT)), st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=4
)


def with_changes(text, changes):
    for at, cut, piece in changes:
        text = text[:at] + piece + text[at + cut :]
    return text


@bounded
@given(changes_of_text)
def test_text_with_pieces_cut_out_and_put_in(file, changes):
    file.write_text(with_changes(TEXT, changes), encoding="utf-8")
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


def dumped(value):
    return json.dumps(value, default=datetime.date.isoformat)


@pytest.fixture(scope="module")
def files(file):
    """The first file, and three that it and one another may include."""
    return [file, *(file.with_name(f"part{index}.yaml") for index in range(3))]


@bounded
@given(st.data())
def test_a_description_of_several_files_with_parts_anywhere_and_pieces_put_in(files, data):
    """The small platform, its fields dealt out to files, each changed in its text, that include one another at will."""
    homes = {name: data.draw(st.integers(0, len(files) - 1)) for name in VALUE}
    names = st.sampled_from([one.name for one in files] + ["none.yaml", ".", "", "part0.yaml/x"])
    for index, one in enumerate(files):
        # Later files come deeper: some are included well, and some in a loop, twice, or not at all.
        well = [later.name for later in files[index + 1 : index + 2]]
        include = data.draw(st.one_of(st.just(well), st.lists(names, max_size=3), names, anything))
        part = {name: VALUE[name] for name, home in homes.items() if home == index}
        if data.draw(st.booleans()):
            other = data.draw(st.sampled_from(sorted(VALUE)))
            part.setdefault(other, data.draw(st.one_of(st.none(), st.just([]), st.just({}), st.just(VALUE[other]))))
        text = dumped({**({"include": include} if include else {}), **part})
        if data.draw(st.integers(0, 3)) == 0:
            text = with_changes(text, data.draw(changes_of_text))
        one.write_text(text, encoding="utf-8")
    answer(files[0])


@bounded
@given(st.lists(st.integers(0, 2), min_size=len(VALUE), max_size=len(VALUE)))
def test_the_small_platform_dealt_out_to_files_is_the_small_platform(files, homes):
    parts = [
        {name: VALUE[name] for name, home in zip(VALUE, homes, strict=True) if home == index} for index in range(3)
    ]
    for one, part in zip(files[1:], parts, strict=True):
        one.write_text(dumped(part), encoding="utf-8")
    names = [one.name for one, part in zip(files[1:], parts, strict=True) if part]
    files[0].write_text(dumped({"include": names}), encoding="utf-8")
    assert answer(files[0]) == []
    assert load(files[0]) == load(SMALL)
