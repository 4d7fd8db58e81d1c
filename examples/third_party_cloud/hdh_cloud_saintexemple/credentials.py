"""What a deployment signs in to here beside OpenStack, and the least right that it needs there."""

from __future__ import annotations

from hdh_infra.clouds.credentials import Right, Service, Way

_READ = "2026-11-26"
_HANDBOOK = "invented for this example: the operator's handbook of Saint-Exemple, edition 3"

FIREWALL = Service(
    name="the hospital's firewall",
    serves="the passages of networks",
    packages=("saintexemple:",),
    ways=(Way("a token", ("SAINTEXEMPLE_TOKEN",), advised=True),),
    remedy="Ask the hospital's network team for a token of the project, and set SAINTEXEMPLE_TOKEN",
    source=_HANDBOOK,
    as_of=_READ,
    remarks={},
)
PASSAGES = Right(
    "the hospital's firewall",
    "passages:write",
    "the project",
    ("saintexemple:",),
    "opens and closes the passages of the project's own networks, and of no others",
    _HANDBOOK,
    _READ,
)
