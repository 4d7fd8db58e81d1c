"""What an engine that was killed left beside a state keeps nobody from reading the state."""

import pytest

from hdh_infra.deploy import sidecars

WHOLE = '{"user.content_type": "application/json", "md5": "AAAA"}\n'


@pytest.mark.parametrize("left", ["", '{"user.content_type": "appl'])
def test_attributes_that_were_cut_off_are_taken_away_and_whole_ones_stay(tmp_path, left):
    stacks = tmp_path / ".pulumi" / "stacks" / "hdh-platform"
    stacks.mkdir(parents=True)
    (stacks / "a.json").write_text("{}")
    (stacks / "a.json.attrs").write_text(left)
    (stacks / "b.json.attrs").write_text(WHOLE)
    (tmp_path / ".pulumi" / "meta.yaml.attrs").write_text(left)
    assert sidecars.mend(tmp_path.as_uri()) == 2
    assert {one.name for one in tmp_path.rglob("*.*") if one.is_file()} == {"a.json", "b.json.attrs"}
    assert sidecars.mend(tmp_path.as_uri()) == 0


def test_only_a_folder_is_looked_into_and_told_to_the_engine_otherwise():
    assert sidecars.mend("s3://bucket?region=eu") == 0
    assert sidecars.mend("file:///nowhere") == 0
    assert sidecars.without("s3://bucket?region=eu") == "s3://bucket?region=eu"
    assert sidecars.without("file:///a%20b") == "file:///a%20b?metadata=skip"
    assert sidecars.without("file:///a?no_tmp_dir=true") == "file:///a?metadata=skip&no_tmp_dir=true"
