"""The reference of a description says what the model says."""

from pathlib import Path

from hdh_infra.model import reference
from hdh_infra.model.airlock import STAGES
from hdh_infra.model.frameworks import CLAUSES, TITLES
from hdh_infra.model.platform import Platform
from hdh_infra.model.requirements import MANAGED
from hdh_infra.planning import load

DOCUMENT = Path(__file__).parents[2] / "docs" / "spec.md"


def test_the_tables_of_the_document_are_the_model_s():
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, made in reference.TABLES.items():
        begin, end = reference.marks(name)
        assert text.count(begin) == text.count(end) == 1, name
        written = text.partition(begin)[2].partition(end)[0].strip()
        assert written == made().strip(), "python -m hdh_infra.model.reference docs/spec.md"


def test_writing_the_tables_again_changes_nothing(tmp_path, monkeypatch):
    copy = tmp_path / "spec.md"
    copy.write_bytes(DOCUMENT.read_bytes())
    monkeypatch.setattr("sys.argv", ["reference", str(copy)])
    reference.main()
    assert copy.read_bytes() == DOCUMENT.read_bytes()


def test_every_part_of_the_model_has_its_table_and_every_field_a_meaning():
    parts = {name: one for name, one in Platform.model_json_schema()["$defs"].items() if "properties" in one}
    assert set(parts) | {"Platform"} == set(reference._PLACES)
    for name, part in {**parts, "Platform": Platform.model_json_schema()}.items():
        for field, one in part["properties"].items():
            assert len(one.get("description", "")) >= 4, f"{name}.{field} does not say what it means"


def test_every_framework_and_every_clause_that_raises_something_stands_in_the_document():
    text = reference.frameworks()
    for name, title in TITLES.items():
        assert f"| `{name}` | {title} |" in text
    for one in CLAUSES:
        assert f"| `{one.framework}` | {one.clause} |" in text
        assert one.says in text


def test_every_managed_service_and_every_stage_of_an_airlock_stands_in_the_document():
    text = DOCUMENT.read_text(encoding="utf-8")
    for word in (*MANAGED, *STAGES):
        assert f"`{word}`" in text, word


def test_the_example_of_the_document_is_a_description(tmp_path):
    text = DOCUMENT.read_text(encoding="utf-8")
    example = text[text.index("    name: clinic") : text.index("## Names")]
    file = tmp_path / "clinic.yaml"
    file.write_text("\n".join(line[4:] for line in example.splitlines()))
    assert load(file, on=["azure:francecentral"]).name == "clinic"


def test_the_same_tables_are_the_schema_in_words(hdh):
    assert hdh("schema", "--format", "text").out == reference.reference()
