"""Every rule's own two cases: what is legal passes, what is refused is refused by that rule and no other."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.added import known as knowledge_of
from hdh_infra.sandbox.simulator.added import packages
from hdh_infra.sandbox.simulator.cloud import SimulatedCloud
from hdh_infra.sandbox.simulator.kinds import KINDS
from hdh_infra.sandbox.simulator.knowledge import CONFIDENCES, knowledge
from hdh_infra.sandbox.simulator.paths import first, parts, put
from hdh_infra.sandbox.simulator.refusing import RefusedByCloudError
from hdh_infra.sandbox.simulator.store import Store
from hdh_infra.sandbox.simulator.wire import plain

PACKAGES = packages()
RULES = [(package, rule) for package in PACKAGES for rule in knowledge_of(package).rules]
NAMES = [rule.id for _, rule in RULES]


class World:
    """Plays the steps of a case over a package's fixtures."""

    def __init__(self, package: str, directory) -> None:
        self.known = knowledge_of(package)
        self.store = Store(directory / "cloud.sqlite", directory / "cloud.key")
        self.cloud = SimulatedCloud(package, self.store)
        self.ids: dict[str, str] = {}
        self.inputs: dict[str, dict[str, Any]] = {}
        self.seen: dict[str, dict[str, Any]] = {}

    def play(self, steps) -> None:
        for step in steps:
            if "create" in step:
                self.create(step["create"], step.get("as"), step.get("with", {}), alone=step.get("alone", False))
            elif "update" in step:
                label = step["update"]
                inputs = self.changed(self.inputs[label], step["with"])
                self.cloud.update(self.ids[label], inputs)
            elif "delete" in step:
                self.cloud.delete(self.ids[step["delete"]])
            elif "change" in step:
                row = self.store.get(self.ids[step["change"]])
                row.kept |= {f"={path}": value for path, value in step["with"].items()}
                self.store.put(row)

    def create(self, fixture, label=None, changes=None, *, alone=False) -> None:
        given = self.known.fixtures[fixture]
        if not alone:
            for other in given.get("after", []):
                self.there(other)
        inputs = self.changed(given["inputs"], changes or {}, alone=alone)
        label = label or fixture
        problems = [one for one in contracts.check(given["type"], inputs, limits=False) if one.kind != "open-enum"]
        assert problems == [], f"fixture {fixture} breaks its contract: {problems[0]}"
        row = self.cloud.create(given["type"], inputs)
        self.ids[label], self.inputs[label] = row.id, inputs
        self.seen[label] = {"id": row.id, **plain(self.cloud.outputs(row))}

    def there(self, label) -> None:
        if label not in self.ids:
            self.create(label)

    def changed(self, inputs, changes, *, alone=False):
        made = copy.deepcopy(inputs)
        for path, value in changes.items():
            put(made, path, value)
        return self.resolved(made, alone=alone)

    def resolved(self, value, *, alone):
        if isinstance(value, str) and value.startswith("@"):
            label, _, output = value[1:].partition(".")
            if not alone:
                self.there(label)
            return first(self.seen[label], output)
        if isinstance(value, dict):
            return {name: self.resolved(item, alone=alone) for name, item in value.items()}
        return [self.resolved(item, alone=alone) for item in value] if isinstance(value, list) else value


@pytest.fixture
def play(tmp_path):
    worlds = []

    def make(package):
        worlds.append(World(package, tmp_path))
        return worlds[-1]

    yield make
    for one in worlds:
        one.store.close()


@pytest.mark.parametrize(("package", "rule"), RULES, ids=NAMES)
def test_what_a_rule_allows_is_done(package, rule, play):
    play(package).play(rule.legal)


@pytest.mark.parametrize(("package", "rule"), RULES, ids=NAMES)
def test_what_a_rule_forbids_is_refused_by_that_rule(package, rule, play):
    world = play(package)
    world.play(rule.refused[:-1])
    with pytest.raises(RefusedByCloudError) as caught:
        world.play(rule.refused[-1:])
    assert caught.value.rule == rule.id, str(caught.value)
    assert (caught.value.status, caught.value.code) == (rule.status, rule.code)
    assert rule.code in str(caught.value)


def test_every_rule_has_a_name_of_its_own_and_a_known_kind():
    kinds = {name for group in KINDS.values() for name in group}
    assert len(set(NAMES)) == len(NAMES)
    assert {rule.kind for _, rule in RULES} <= kinds
    assert kinds == {rule.kind for _, rule in RULES}, "a kind without a rule is dead code"
    assert {rule.confidence for _, rule in RULES} <= set(CONFIDENCES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_type_that_rules_and_outputs_name_has_a_contract(package):
    known = knowledge_of(package)
    named = {token for one in [*known.rules, *known.outputs] for token in one.types if "*" not in token}
    named |= {token for token in known.kinds if "*" not in token} | set(known.functions) | set(known.backings)
    assert [token for token in sorted(named) if contracts.contract(token) is None] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_output_that_is_simulated_is_one_of_the_type(package):
    wrong = []
    for rule in knowledge_of(package).outputs:
        for token in rule.types:
            if "*" in token:
                continue
            heads = {parts(path)[0] for path in [*rule.values, *rule.defaults]}
            wrong += [(token, head) for head in heads if head not in contracts.contract(token).outputs]
    assert wrong == []


@pytest.mark.parametrize("token", [one for one in contracts.tokens("azure-native") if ":get" not in one])
def test_every_type_of_azure_has_an_id_made_of_its_own_inputs(token):
    kind = knowledge("azure-native").kind(token)
    assert kind is not None
    assert set(kind.parameters) <= set(contracts.contract(token).inputs)


def test_the_page_of_the_simulator_has_the_table_of_rules_as_it_is():
    from pathlib import Path

    from hdh_infra.sandbox.simulator.table import rules_table

    page = Path(__file__).parents[3] / "docs" / "simulator.md"
    assert page.read_text(encoding="utf-8").endswith(rules_table()), "python -m hdh_infra.sandbox.simulator rules"


@pytest.mark.parametrize("lost", ["source", "legal", "refused", "confidence"])
def test_a_rule_that_says_too_little_does_not_load(lost):
    from hdh_infra.sandbox.simulator.knowledge import _rule

    given = {
        "id": "x",
        "types": ["a:b:C"],
        "kind": "text",
        "source": "s",
        "confidence": "issue",
        "legal": [1],
        "refused": [1],
    }
    assert _rule(given).id == "x"
    with pytest.raises(ValueError, match=lost):
        _rule({**given, lost: None})


@pytest.mark.parametrize("token", [one for one in contracts.tokens("azure-native") if ":get" not in one])
def test_every_part_of_an_id_of_azure_makes_a_new_resource_when_it_changes(token):
    assert set(knowledge("azure-native").kind(token).parameters) <= contracts.contract(token).replace
