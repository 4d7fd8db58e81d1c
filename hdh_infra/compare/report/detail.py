"""How much of its reasons an assessment for people tells; JSON always has all of them."""

from __future__ import annotations

from enum import StrEnum


class Detail(StrEnum):
    """How reasons are told."""

    short = "short"
    """A line a reason, cut where the terminal ends; for many targets at once."""
    reasons = "reasons"
    """Each reason whole, once a target, with what would reach more, its waiver and its source."""
    all = "all"
    """Each verdict that is not met by every element that has it, and where those come from that are met."""


__all__ = ["Detail"]
