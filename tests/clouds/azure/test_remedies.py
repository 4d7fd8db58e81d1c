"""Every remedy is about a word of the cloud, has a source, and none hides another."""

import re

import pytest

from hdh_infra.clouds.azure import CLOUD
from hdh_infra.clouds.azure.remedies import REMEDIES
from hdh_infra.sandbox.simulator.knowledge import knowledge

SAID = 'Status=409 Code="{}" Message="it was refused."'
CODES = [code for one in REMEDIES for code in one.pattern.split("|") if re.fullmatch(r"\w+", code)]


@pytest.mark.parametrize("code", CODES)
def test_every_word_leads_to_its_own_remedy(code):
    found = CLOUD.remedy(SAID.format(code))
    assert found is not None
    assert code in found.pattern.split("|"), f"{code} is hidden by {found.pattern}"


def test_what_is_not_known_has_no_remedy():
    assert CLOUD.remedy(SAID.format("SomethingElse")) is None


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda one: one.pattern[:30])
def test_every_remedy_says_what_to_do_and_where_that_is_written(remedy):
    assert remedy.source
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", remedy.as_of)
    assert not remedy.words.endswith("."), "the sentence is ended where it is told"


def test_what_the_simulator_refuses_for_reasons_that_pass_has_a_remedy():
    """Invariant: an answer that is no mistake of the description is told with what to do."""
    known = knowledge("azure-native")
    told = {rule.code for rule in known.rules if rule.kind in {"role", "kept"}} | {one.code for one in known.exclusive}
    assert [code for code in told if CLOUD.remedy(SAID.format(code)) is None] == ["Conflict"], "a kept key says more"
    kept = next(rule for rule in known.rules if rule.code == "Conflict" and rule.kind == "kept")
    assert CLOUD.remedy(kept.message) is not None
