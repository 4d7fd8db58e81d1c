"""Ordered choices of the model: the order of definition is the strength.

A bare `>` on a string enum compares alphabetically ("provider-key" > "customer-key" is true), in
silence; so the comparison is a method, `reaches`, and nothing else compares levels.
"""

from __future__ import annotations

import functools
from enum import StrEnum
from typing import Self


class Scale(StrEnum):
    """A closed, ordered set of levels, weakest first."""

    @property
    def rank(self) -> int:
        """Position in the order of definition, 0 for the weakest."""
        return _ranks(type(self))[self]

    def reaches(self, floor: Self) -> bool:
        """Whether this level is at least as strong as `floor`."""
        return self.rank >= floor.rank


@functools.cache
def _ranks(scale: type[Scale]) -> dict[Scale, int]:
    return {level: rank for rank, level in enumerate(scale)}


class Encryption(Scale):
    """Who holds the key that encrypts at rest."""

    none = "none"
    provider_key = "provider-key"
    tenant_key = "tenant-key"
    customer_key = "customer-key"
    external_key = "external-key"


class Protection(Scale):
    """What a key is kept in."""

    software = "software"
    hsm = "hsm"


class Redundancy(Scale):
    """How far apart the copies of what is kept lie."""

    local = "local"
    zone = "zone"
    region = "region"


class Spread(Scale):
    """What the replicas of a machine do not share, so that one failure does not stop them all."""

    none = "none"
    hosts = "hosts"
    zones = "zones"


class Custody(Scale):
    """Who has a key's material: only the cloud's key service, the customer a copy as well, only the customer."""

    provider = "provider"
    shared = "shared"
    customer = "customer"


class Access(StrEnum):
    """What a right on a store lets do; none holds another: who may append may not read."""

    read = "read"
    append = "append"
    write = "write"


class KeyAlgorithm(StrEnum):
    """What a key is used with, and its size in bits."""

    aes_256 = "aes-256"
    rsa_2048 = "rsa-2048"
    rsa_3072 = "rsa-3072"
    rsa_4096 = "rsa-4096"


class KeyOrigin(StrEnum):
    """Where key material is made."""

    generated = "generated"
    imported = "imported"
    external = "external"


class RetentionMode(Scale):
    """Who may shorten a retention: `governance` a privileged user, `compliance` nobody."""

    governance = "governance"
    compliance = "compliance"


class Verdict(Scale):
    """What an offer answers to a requirement, best first: so the *worse* of two is the one of higher rank."""

    met = "met"
    differs = "differs"
    unknown = "unknown"
    not_met = "not-met"

    @classmethod
    def worst(cls, *verdicts: Verdict) -> Verdict:
        """The worst of several; `met` of none."""
        return max(verdicts, key=lambda verdict: verdict.rank, default=cls.met)


class Relation(StrEnum):
    """How a given value must stand to the asked one (law 2)."""

    exact = "exact"
    floor = "floor"
    untraceable = "untraceable"


class Confidence(StrEnum):
    """How well a fact is known."""

    primary = "primary"
    secondary = "secondary"
    measured = "measured"
    inferred = "inferred"
    declared = "declared"
    unknown = "unknown"
