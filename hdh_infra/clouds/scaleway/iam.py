"""What Scaleway's IAM lets whom do: policies, applications and API keys read together; no meaning of any service's own lists.

A policy gives one principal permission sets within projects. A condition narrows it only for Key Manager, Secret Manager and IAM
itself (pages/iam policy conditions, 2026-07-13), so that for buckets none is trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from hdh_infra.clouds.crossing import machine_of
from hdh_infra.clouds.scaleway.naming import API_KEY, APPLICATION, POLICY
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.clouds.values import listed
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, form_of
from hdh_infra.model.paths import GROUP, kind_of

APPLICATION_ID, USER_ID = "application_id:", "user_id:"
"""Before an id, where a bucket's policy names somebody."""


@final
@dataclass(frozen=True)
class Rule:
    """One line of a policy, with who has it."""

    application: Native | None
    """One of ours."""
    other: str | None
    """Somebody else, in words: a group of the platform, or an id."""
    sets: frozenset[str]
    condition: Value


class Iam:
    """Policies, applications and API keys of a deployment."""

    def __init__(self, reader: Reader) -> None:
        """Keep the reader."""
        self.reader = reader

    @cached_property
    def applications(self) -> Mapping[str, Native]:
        """By what a plan or a cloud calls each."""
        found = {}
        for one in self.reader.natives.of_type(APPLICATION):
            found[one.path] = one
            if one.id:
                found[one.id.rsplit("/", 1)[-1]] = one
        return found

    @cached_property
    def holders(self) -> Mapping[str, list[str]]:
        """By native path of an application, the machines that its API keys are for; sorted."""
        found: dict[str, set[str]] = {}
        for key in self.reader.natives.of_type(API_KEY):
            application = self.application(key.properties.get("applicationId"))
            who = machine_of(key)
            if not _is_machine(who):
                self.reader.remarks.add(f"{key.path}: an API key of no machine; no attribute shows what it opens")
            elif application is None:
                self.reader.remarks.add(
                    f"{key.path}: an API key of nobody's that is the platform's; it may open anything"
                )
            else:
                found.setdefault(application.path, set()).add(who)
        return {path: sorted(some) for path, some in found.items()}

    @cached_property
    def rules(self) -> list[Rule]:
        """Every line of every policy."""
        return [rule for policy in self.reader.natives.of_type(POLICY) for rule in self._of(policy)]

    @cached_property
    def sets(self) -> Mapping[str, frozenset[str]]:
        """By native path of an application, all permission sets that it has anywhere."""
        found: dict[str, frozenset[str]] = {}
        for rule in self.rules:
            if rule.application is not None:
                path = rule.application.path
                found[path] = found.get(path, frozenset()) | rule.sets
        return found

    def application(self, value: Value) -> Native | None:
        """The application that a property points at; None where it is none of ours."""
        return self.reader.follow(value, APPLICATION) or (
            self.applications.get(value) if isinstance(value, str) else None
        )

    def _of(self, policy: Native) -> Iterator[Rule]:
        properties = policy.properties
        if properties.get("noPrincipal") is True:
            return
        value = properties.get("applicationId")
        application = self.application(value)
        other = None
        if application is None:
            other = self._words(properties)
            if other is None:
                self.reader.remarks.add(f"{policy.path}: gives rights to nobody that can be seen")
                return
        for rule in listed(properties.get("rules")):
            sets = frozenset(str(one) for one in listed(rule.get("permissionSetNames")))
            yield Rule(application, other, sets, rule.get("condition") or None)

    def _words(self, properties: Mapping[str, Any]) -> str | None:
        group, groups = properties.get("groupId"), self.reader.site.settings.groups
        if group:
            return next((f"{GROUP}{name}" for name, one in sorted(groups.items()) if one == group), f"group_id:{group}")
        for name, prefix in (("applicationId", APPLICATION_ID), ("userId", USER_ID)):
            if properties.get(name):
                return f"{prefix}{properties[name]}"
        return None


def written(value: Value) -> str:
    """A text of a document, with the paths of nodes where a plan refers to them."""
    if form_of(value) != "$format":
        return str(value)
    words = [one["$ref"] if form_of(one) == "$ref" else str(one) for one in value["args"]]
    template: str = value["$format"]
    return template.format(*words)


def _is_machine(element: str) -> bool:
    try:
        return kind_of(element) == "machine"
    except ValueError:
        return False
