"""What the change of a property does to a resource of a type, as the providers' own sources say (`data/changes.json`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import final

from hdh_infra.contracts.load import contract, covers, plain
from hdh_infra.graph.diff import Effect, Judgement

_UPDATE = Judgement(Effect.update)


@final
class Contracts:
    """The knowledge of the shipped contracts, for `hdh_infra.graph.diff`."""

    def judge(self, token: str, path: str, leaves: Sequence[str]) -> Judgement:
        """The worst that the change of a property, or of what is in it, does.

        A type that has no contract, or of whose changes nobody has read, is unknown and said to be.
        """
        judged = {_judge(token, one) for one in map(plain, (path, *leaves))}
        return max(judged, key=lambda one: (one.effect.rank, one.why))

    def members(self, token: str) -> str:
        """The property by which others lie in a resource of a type; empty for none."""
        found = contract(token)
        return found.members if found else ""


CONTRACTS = Contracts()


@cache
def _judge(token: str, path: str) -> Judgement:
    found = contract(token)
    if found is None:
        return Judgement(Effect.unknown, f"{token} has no contract here")
    if not found.changes_known:
        return Judgement(Effect.unknown, f"what changes of {token} do is not known here")
    if _any(found.replace, path):
        return Judgement(Effect.replace)
    if _any(found.wipes, path):
        return Judgement(Effect.wipe, "it is rebuilt in place, and its disk is lost")
    for rule, condition in sorted(found.replace_if.items()):
        if covers(rule, path):
            return Judgement(Effect.maybe_replace, f"replaced where it is {condition}")
    if _any(found.unknown, path):
        return Judgement(Effect.unknown, "what its change does is not known here")
    if _any(found.ignored, path):
        return Judgement(Effect.ignored, "the cloud accepts it and does nothing")
    return _UPDATE


def _any(rules: Iterable[str], path: str) -> bool:
    return any(covers(rule, path) for rule in rules)


def forget() -> None:
    """Judge again at the next question."""
    _judge.cache_clear()
