"""What a person is told where `up` stops at a step, and by which exit code a script knows."""

import json

import pytest

from hdh_infra.cli import afterwards, requests
from hdh_infra.deploy import operations
from hdh_infra.deploy.request import OpenStep, Result
from hdh_infra.graph.plan import ManualStep

STEP = ManualStep(
    "bring the key", "its owner", "az import it", "it is there", id="key/lake/import", before=("key/lake/key",)
)
CHANGES = {"create": 3, "update": 0, "replace": 0, "delete": 0, "same": 0}


def result(operation, **steps):
    return Result(operation, "azure:francecentral", "azure-francecentral", CHANGES, 1.0, **steps)


@pytest.fixture
def answering(monkeypatch):
    """Let the engine answer with steps; nothing of an engine is there."""

    def answer(**steps):
        monkeypatch.setattr(
            requests,
            "requests",
            lambda *_, **__: [
                type("R", (), {"target": "azure:francecentral", "platform": type("P", (), {"name": "small"})})
            ],
        )
        monkeypatch.setattr(afterwards, "up_whole", lambda *_: result("up", **steps))
        monkeypatch.setattr(operations, "preview", lambda *_: result("preview", **steps))

    return answer


def test_a_stop_is_told_with_what_who_how_and_proof_and_ends_with_one(answering, hdh, small):
    answering(stopped=(OpenStep(STEP, "404: there is no key", ("key/lake/key", "zone/lake/store/snds/account")),))
    told = hdh("up", small, "--on", "azure:francecentral", "--yes")
    assert told.code == 1
    for words in ("bring the key", "its owner", "az import it", "it is there", "404: there is no key", "key/lake/key"):
        assert words in told.out
    found = hdh("up", small, "--on", "azure:francecentral", "--yes", "--format", "json")
    assert found.code == 1
    assert [one["id"] for one in json.loads(found.out)["stopped"]] == ["key/lake/import"]


def test_what_nothing_waits_for_is_told_and_ends_well(answering, hdh, small):
    answering(open=(OpenStep(STEP, "it is Unlocked"),))
    told = hdh("up", small, "--on", "azure:francecentral", "--yes")
    assert told.code == 0
    assert "it is Unlocked" in told.out


def test_a_preview_says_what_will_stop_it_and_ends_well(answering, hdh, small):
    answering(stopped=(OpenStep(STEP, "it can be asked for only later", ("key/lake/key",)),))
    told = hdh("preview", small, "--on", "azure:francecentral")
    assert told.code == 0
    assert "would stop here" in told.out
