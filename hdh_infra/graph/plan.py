"""The plan: what every cloud is lowered to, and all that deploy and compare may read.

It holds no cloud's vocabulary beyond type tokens, no Pulumi `Output`, and no clock or random value: two
equal descriptions give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, final

from pydantic import TypeAdapter

from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Observation
from hdh_infra.graph.steps import Check, ManualStep
from hdh_infra.model.scales import Confidence, Verdict

if TYPE_CHECKING:
    from hdh_infra.graph.parts import Part, Reference

FORMAT = "hdh-plan/1"
__all__ = ["FORMAT", "Addition", "Check", "ChosenFlavour", "ManualStep", "Parameter", "Plan", "Provider", "VerdictRow"]


@final
@dataclass(frozen=True, slots=True)
class Parameter:
    """How a package comes about that is no plugin of its own: another plugin, and what it is told to become."""

    plugin: str
    """The plugin that becomes the package, `terraform-provider`."""
    version: str
    """Of that plugin."""
    value: str
    """What it is told, in its own words."""

    @classmethod
    def terraform(cls, source: str, version: str, bridge: str) -> Parameter:
        """A Terraform provider under the dynamic bridge, in the words that `pulumi package add` would write.

        Args:
            source: registry, author and name.
            version: of the Terraform provider.
            bridge: version of the bridge.
        """
        words = {"remote": {"url": source, "version": version}}
        return cls("terraform-provider", bridge, json.dumps(words, separators=(",", ":")))


@final
@dataclass(frozen=True, slots=True)
class Provider:
    """One provider of a plan: Pulumi package, plugin version and configuration; never a credential."""

    package: str
    version: str
    config: Mapping[str, Any] = field(default_factory=dict)
    parameter: Parameter | None = None
    """Of a package that another plugin becomes; None where the package is a plugin itself."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in a plan's JSON."""
        found = asdict(self)
        if self.parameter is None:
            del found["parameter"]
        return found


@final
@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What an offer answers to one requirement of one element."""

    element: str
    requirement: str
    attribute: str
    asked: Any
    given: Any
    verdict: Verdict
    reason: str
    source: str
    as_of: str
    confidence: Confidence
    means: str | None = None
    remedy: str | None = None
    waiver: Mapping[str, Any] | None = None

    @property
    def blocks(self) -> bool:
        """Whether a plan with it is not deployable: not met or unknown, and no waiver covers it that is in force or passed today."""
        held = self.waiver is not None and (self.waiver["in_force"] or self.waiver.get("passed_today"))
        return self.verdict in {Verdict.not_met, Verdict.unknown} and not held

    @property
    def ended(self) -> bool:
        """Whether it blocks only because its waiver has ended: changes to its element are refused then, and no others."""
        return self.blocks and bool(self.waiver)

    @property
    def measure(self) -> str:
        """What tells the unit of its values: the attribute, and nothing for a limit, which counts in units of its own."""
        return "" if self.requirement.startswith("capacity.") else self.attribute

    def to_json(self) -> dict[str, Any]:
        """As it stands in plans and assessments."""
        return {
            "element": self.element,
            "requirement": self.requirement,
            "attribute": self.attribute,
            "asked": self.asked,
            "given": self.given,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "source": self.source,
            "as_of": self.as_of,
            "confidence": self.confidence.value,
            "means": self.means,
            "remedy": self.remedy,
            "waiver": self.waiver,
        }


@final
@dataclass(frozen=True, slots=True)
class ChosenFlavour:
    """A size of machine that the plan uses, and its list price: an answer to what the machines cost, not a bill."""

    name: str
    vcpus: int
    memory: int
    """Bytes."""
    gpus: int
    price_eur_hour: float | None
    """Of one machine, in euros without VAT; None is unknown."""
    source: str
    as_of: str
    machines: Mapping[str, int]
    """How many of it each machine is, by its path."""

    @property
    def count(self) -> int:
        """How many machines are of it."""
        return sum(self.machines.values())

    @property
    def total_eur_hour(self) -> float | None:
        """What all of them cost an hour, in euros without VAT; None is unknown."""
        return None if self.price_eur_hour is None else self.price_eur_hour * self.count


@final
@dataclass(frozen=True, slots=True)
class Addition:
    """What of a plan is the word of another package than this one, or would be if it could be read."""

    package: str
    """With its version."""
    cloud: bool = False
    """Whether it adds the cloud: the facts of the offer, what a platform becomes there, and how that is read back."""
    contracts: tuple[str, ...] = ()
    """Types of the plan whose contract, or what a change of them does, is its word; sorted."""
    wrong: str = ""
    """Why its contracts are left out, in words; empty where they are not."""

    def words(self) -> Iterator[str]:
        """For people, in a line each."""
        what = ["the cloud's facts, its resources and how they are read back"] if self.cloud else []
        if self.contracts:
            what.append(f"the contract{'s' if len(self.contracts) > 1 else ''} of {', '.join(self.contracts)}")
        if what:
            yield f"from {self.package}, and not from hdh_infra: {'; '.join(what)}"
        if self.wrong:
            yield self.wrong


@final
@dataclass(frozen=True)
class Plan:
    """The native resources that one spec becomes on one target, in dependency order."""

    platform: str
    target: str
    digests: Mapping[str, str]
    providers: Mapping[str, Provider]
    nodes: tuple[Node, ...]
    verdicts: tuple[VerdictRow, ...] = ()
    manual: tuple[ManualStep, ...] = ()
    overridden: tuple[str, ...] = ()
    """`path: property` of every native override."""
    due: tuple[str, ...] = ()
    """Spaces past their end whose data wait for the word to go, in words."""
    raised: tuple[Mapping[str, Any], ...] = ()
    """Floors that frameworks raised, each with its clause."""
    flavours: tuple[ChosenFlavour, ...] = ()
    """The sizes of its machines, by name."""
    unverified: tuple[str, ...] = ()
    """Types of its resources that there is no contract of, sorted: nobody held their properties against what the provider takes."""
    added: tuple[Addition, ...] = ()
    """What of it is the word of other packages, by package; empty where all is this one's."""
    remarks: tuple[str, ...] = ()
    """What is to be known of its waivers: those that waive nothing, that end soon or have ended, that are passed today."""
    read: tuple[tuple[Node, ...], Observation] | None = field(default=None, compare=False, repr=False)
    """What the resources gave when the plan was made, with the very resources it was read of; no part of the plan's form."""

    @property
    def observation(self) -> Observation | None:
        """What its resources give, where that was read; None of a plan whose resources are others since."""
        return self.read[1] if self.read and self.read[0] is self.nodes else None

    @property
    def deployable(self) -> bool:
        """Whether every requirement is met, met by other means, or waived."""
        return not any(row.blocks for row in self.verdicts)

    def unverified_words(self) -> tuple[str, ...]:
        """That some of its resources have no contract, in one line; none where all have."""
        count = sum(node.type in self.unverified for node in self.nodes)
        if not count:
            return ()
        many = f"{count} native resources have" if count > 1 else "1 native resource has"
        return (
            f"unverified: {many} no contract, so that nobody held their properties against what the provider takes: {', '.join(self.unverified)}",
        )

    def added_words(self) -> tuple[str, ...]:
        """What of it is the word of other packages, in a line each; none where all is this one's."""
        return tuple(line for one in self.added for line in one.words())

    def node(self, path: str) -> Node:
        """The node at a path. Raises `KeyError`."""
        for node in self.nodes:
            if node.path == path:
                return node
        raise KeyError(path)

    def parts(self) -> tuple[Part, ...]:
        """The foundation (the platform and its zones), then one part a space; each node is in exactly one.

        Raises:
            RefusedError: a node refers to a space that is not its own, with the paths.
        """
        from hdh_infra.graph.parts import parts_of

        return parts_of(self)

    def interface(self) -> tuple[Reference, ...]:
        """What the spaces read of the foundation, sorted: all that its stack exports for them."""
        from hdh_infra.graph.parts import interface_of

        return interface_of(self)

    def to_json(self) -> dict[str, Any]:
        """The documented form, `hdh-plan/1`."""
        return {
            "format": FORMAT,
            "platform": self.platform,
            "target": self.target,
            "deployable": self.deployable,
            "digests": dict(self.digests),
            "providers": {key: provider.to_json() for key, provider in sorted(self.providers.items())},
            "nodes": [node.to_json() for node in self.nodes],
            "manual": [asdict(step) for step in self.manual],
            "verdicts": [row.to_json() for row in self.verdicts],
            "overridden": list(self.overridden),
            "due": list(self.due),
            "raised": [dict(one) for one in self.raised],
            "flavours": [asdict(one) for one in self.flavours],
            "unverified": list(self.unverified),
            # Most plans have nothing of it.
            **({"added": [asdict(one) for one in self.added]} if self.added else {}),
            "remarks": list(self.remarks),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """Read what `to_json` wrote, at once or from the bytes of it.

        Raises:
            ValueError: it is not of the format `hdh-plan/1`; as pydantic's `ValidationError`, with the place of every
                fault, where it is of the format and damaged.
        """
        found = value.get("format")
        if found != FORMAT:
            raise ValueError(f"its format is {found!r}, not {FORMAT!r}")
        return _reader().validate_python(value)

    def dumps(self) -> str:
        """The bytes of the plan: equal plans give equal text."""
        return json.dumps(self.to_json(), indent=1, sort_keys=False, ensure_ascii=False) + "\n"


@cache
def _reader() -> TypeAdapter[Plan]:
    """The reading of a plan's JSON: what is derived (`element`, `deployable`) is made again, not read."""
    return TypeAdapter(Plan)
