"""`hdh targets`: what is known of every offer, what is old or about to end, and what is wrong with the catalogue."""

import json

import pytest

from hdh_infra.catalogue.load import offer_of, site, targets

TODAY = ("--today", "2026-11-25")


def test_every_target_and_refusal_is_shown(hdh):
    answer = hdh("targets", *TODAY)
    assert answer.code == 0
    for target in targets():
        assert str(target) in answer.out
        refused = offer_of(target).refused
        assert refused is None or refused.reason[:40] in answer.out


def test_the_json_has_every_row_with_what_is_unknown_and_what_is_old(hdh):
    found = {one["target"]: one for one in json.loads(hdh("targets", *TODAY, "--format", "json").out)}
    assert found.keys() == set(map(str, targets()))
    for target in targets():
        one, place = found[str(target)], site(target)
        assert one["unknown"] == sorted(name for name, fact in place.facts.items() if fact.value is None)
        assert {row["framework"] for row in one["qualifications"]} == {
            row.framework for row in place.offer.qualifications
        }
        assert one["prices"].keys() == place.offer.prices.keys()
        assert one["exposure"]["reached_by"] == (
            None if (laws := place.offer.exposure.reached_by) is None else list(laws)
        )
        assert one["flavours"] == len(one["sizes"]) == len(place.offer.flavours)
        for row in (*one["facts"], *one["qualifications"], *one["prices"].values()):
            assert row["source"]
            assert isinstance(row["stale"], bool)


def test_a_qualification_is_announced_then_expired_as_the_day_goes_by(hdh):
    def told(day):
        return hdh("targets", "--today", day).out

    assert "Qualifications that ended" not in told("2026-06-01")
    assert "SecNumCloud-3.2 ENDS in 30 days, on 2028-01-25" in told("2027-12-26")
    assert "SecNumCloud-3.2 EXPIRED on 2028-01-25" in told("2028-01-26")


def test_one_offer_is_shown_in_full(hdh):
    answer = hdh("targets", "ovhcloud:GRA", *TODAY)
    flat = " ".join(answer.out.split())
    place = site(next(one for one in targets() if str(one) == "ovhcloud:GRA"))
    for fact in place.facts.values():
        assert fact.attribute in flat
        assert " ".join(fact.reason.split()) in flat
        assert f"({fact.as_of}, {fact.confidence})" in flat
    assert "azure" not in answer.out
    assert hdh("targets", "--on", "ovhcloud:GRA", *TODAY).out == answer.out


def test_a_target_that_there_is_not_is_told_with_the_nearest(hdh):
    answer = hdh("targets", "ovhcloud:GRB")
    assert answer.code == 2
    assert "ovhcloud:GRA" in answer.err


def test_the_check_has_nothing_to_say_today_and_fails_once_a_qualification_ended(hdh):
    assert hdh("targets", "--check", *TODAY).code == 0
    answer = hdh("targets", "--check", "--today", "2035-01-01", "--format", "json")
    assert answer.code == 1
    found = json.loads(answer.out)
    assert found["format"] == "hdh-catalogue-check/1"
    assert {"suite: qualifications SecNumCloud-3.2 valid_until"} <= {one["field"] for one in found["problems"]}
    assert all(one["file"].endswith(".yaml") and one["line"] > 1 for one in found["problems"])
    assert hdh("targets", "azure:francecentral", "--check", "--today", "2035-01-01").code == 0


@pytest.mark.parametrize(
    "command", [("up", "--yes"), ("preview",), ("destroy", "--yes"), ("up", "--update-lock", "--yes")]
)
def test_nothing_is_done_for_an_offer_that_is_refused(hdh, small, tmp_path, monkeypatch, command):
    from hdh_infra.sandbox import engine

    monkeypatch.setattr(engine, "ensure", lambda *_: pytest.fail("the engine was looked for"))
    spec = tmp_path / "spec.yaml"
    spec.write_text(small.read_text(encoding="utf-8"), encoding="utf-8")
    answer = hdh(command[0], spec, "--on", "oodrive:france", *command[1:])
    assert (answer.code, answer.out) == (1, "")
    assert "nothing can be deployed there" in answer.err
    assert [one.name for one in tmp_path.iterdir()] == ["spec.yaml"]


def test_nobody_signs_in_to_an_offer_that_is_refused(hdh, small):
    for words in (("credentials", "--on", "oodrive:france"), ("credentials", small, "--on", "oodrive:france")):
        answer = hdh(*words)
        assert (answer.code, answer.out) == (1, "")
        assert "nothing can be deployed there" in answer.err
    for words in (("credentials",), ("credentials", small, "--on", "all")):
        answer = hdh(*words)
        assert "oodrive" not in answer.out
        assert "azure:francecentral" in answer.out


def test_the_plan_and_the_lock_of_a_refused_offer_say_so_briefly(hdh, small, tmp_path):
    answer = hdh("plan", small, "--on", "oodrive:france", *TODAY)
    assert answer.code == 1
    assert "refused: Oodrive sells finished applications" in " ".join(answer.out.split())
    assert len(answer.out.splitlines()) < 15
    spec = tmp_path / "spec.yaml"
    spec.write_text(small.read_text(encoding="utf-8"), encoding="utf-8")
    assert hdh("lock", spec, "--on", "oodrive:france").code == 0
    assert "oodrive" not in (tmp_path / "spec.lock").read_text(encoding="utf-8")
