"""The shapes of what is known of a cloud; the data itself is read by `knowledge`."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, final

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_CONFLICT: Final = 409


@final
@dataclass(frozen=True, slots=True)
class Kind:
    """A type of the cloud: how its ids are made.

    Attributes:
        token: the type token.
        template: its id, with inputs in braces.
        singleton: whether the cloud has it from the start, so that making it again is no error.
        parameters: inputs that are part of the id, outermost first; the last is the resource's name.
        native: the cloud's own word for the type; empty where it has none.
    """

    token: str
    template: str
    singleton: bool = False

    @property
    def parameters(self) -> list[str]:
        """Inputs that are part of the id; the last is the resource's own name."""
        return [name for name in _PARAMETER.findall(self.template) if name != "subscriptionId"]

    @property
    def native(self) -> str:
        """The cloud's own word for the type, as it stands in the id."""
        if "/providers/" not in self.template:
            return "Microsoft.Resources/resourceGroups" if "resourceGroups" in self.template else ""
        namespace, *rest = self.template.rsplit("/providers/", 1)[1].split("/")
        return "/".join([namespace, *rest[::2]])


@final
@dataclass(frozen=True, slots=True)
class OutputRule:
    """Outputs that the cloud makes: property paths to templates.

    Attributes:
        types: patterns of type tokens.
        values: outputs that are set whatever was given.
        defaults: outputs that are set where nothing was given.
        when: input paths to patterns that their values must match.
        source: where it is written.
    """

    types: tuple[str, ...]
    values: Mapping[str, Any]
    defaults: Mapping[str, Any]
    when: Mapping[str, str]
    source: str

    def applies(self, token: str) -> bool:
        """Whether a type is one of its types."""
        return matches(self.types, token)


@final
@dataclass(frozen=True, slots=True)
class Conduct:
    """What the real provider does with an answer that is no success.

    Attributes:
        tries: how often it asks, the first included.
        waits: seconds before each further try, where the answer names none.
        longest: above how many seconds of `Retry-After` it does not wait.
        statuses: answers after which it asks again.
        codes: words of the answer 409 after which it asks again.
        source: where it is written.
    """

    tries: int
    waits: tuple[float, ...]
    longest: float
    statuses: frozenset[int]
    codes: frozenset[str]
    source: str

    def wait(self, tried: int, status: int, code: str, retry_after: float | None) -> float | None:
        """Seconds until it asks again; None where it does not."""
        again = status in self.statuses or (status == _CONFLICT and code in self.codes)
        if not again or tried >= self.tries or (retry_after or 0) > self.longest:
            return None
        return retry_after or self.waits[min(tried, len(self.waits)) - 1]


@final
@dataclass(frozen=True, slots=True)
class Exclusive:
    """What a write that takes its time holds, so that no other may write there meanwhile.

    Attributes:
        id: name of the rule.
        types: patterns of type tokens whose writes are refused, and hold where `path` is None.
        by: patterns of type tokens whose writes refuse them.
        segment: what is held is the part of an id up to the name behind this.
        path: input with the id; None for the resource's own.
        status: of the answer to the other.
        code: of the answer.
        message: what the cloud says; `{place}` and `{other}` in braces.
        source: where it is written.
    """

    id: str
    types: tuple[str, ...]
    by: tuple[str, ...]
    segment: str
    path: str | None
    status: int
    code: str
    message: str
    source: str


@final
@dataclass(frozen=True, slots=True)
class Gift:
    """A resource that the cloud makes by itself.

    Attributes:
        token: its type.
        template: its id; names in braces but `subscriptionId` may be anything.
        inputs: what it is made of, with those names in braces.
        source: where it is written.
    """

    token: str
    template: str
    inputs: Mapping[str, Any]
    source: str


@final
@dataclass(frozen=True, slots=True)
class Rule:
    """One behaviour of a cloud: what it refuses, with which words, and who says so.

    Attributes:
        id: its name.
        types: patterns of type tokens.
        kind: one of the closed set in `kinds`.
        parameters: of the kind.
        when: input paths to patterns; the rule holds only where all match.
        status: of the answer, as HTTP has it.
        code: the cloud's own word for the error.
        message: what the cloud says; inputs and `{found}` in braces.
        source: where it is written.
        confidence: how well it is known, one of `CONFIDENCES`.
        legal: steps that must succeed.
        refused: steps of which the last must be refused by this rule.
    """

    id: str
    types: tuple[str, ...]
    kind: str
    parameters: Mapping[str, Any]
    when: Mapping[str, str]
    status: int
    code: str
    message: str
    source: str
    confidence: str
    legal: Sequence[Mapping[str, Any]]
    refused: Sequence[Mapping[str, Any]]

    def applies(self, token: str) -> bool:
        """Whether a type is one of its types."""
        return matches(self.types, token)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """All that is known of one package's cloud."""

    package: str
    error: str
    kinds: Mapping[str, Kind]
    outputs: Sequence[OutputRule]
    functions: Mapping[str, Mapping[str, Any]]
    rules: Sequence[Rule]
    fixtures: Mapping[str, Mapping[str, Any]]
    backings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    given: Sequence[Gift] = ()
    conduct: Conduct = Conduct(1, (), 0.0, frozenset(), frozenset(), "")
    exclusive: tuple[Exclusive, ...] = ()
    echoes: Sequence[Mapping[str, Any]] = ()
    bridge: Mapping[str, Any] = field(default_factory=dict)

    def kind(self, token: str) -> Kind | None:
        """How ids of a type are made; None for a type whose ids nobody wrote down."""
        found = self.kinds.get(token)
        if found is None and f"{self.package}:*" in self.kinds:
            return Kind(token, self.kinds[f"{self.package}:*"].template)
        return found

    @cache  # noqa: B019 - there is one for each package, as long as the process lives
    def outputs_of(self, token: str) -> tuple[OutputRule, ...]:
        """The outputs that the cloud makes of a type, in the order of the data."""
        return tuple(rule for rule in self.outputs if rule.applies(token))

    @cache  # noqa: B019
    def echoes_of(self, token: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """Outputs of a type that other resources make, by path."""
        return tuple((path, how) for one in self.echoes if token in one["types"] for path, how in one["set"].items())

    @cache  # noqa: B019
    def rules_of(self, token: str) -> tuple[Rule, ...]:
        """The rules of a type, in the order of the data."""
        return tuple(rule for rule in self.rules if rule.applies(token))


def matches(patterns: Sequence[str], token: str) -> bool:
    """Whether a type token is named by one of the patterns."""
    return any(fnmatch.fnmatchcase(token, pattern) for pattern in patterns)
