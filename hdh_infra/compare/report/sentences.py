"""Reasons of many verdicts as few sentences: each clause once, with the number of elements that it is said of.

What is said of each of 150 spaces is said of `space/*`, and where that is still much, of `space/*/machine/*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from hdh_infra.compare.report.families import EVERY_SPACE, OWN, hidden, space_of
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.planning.capacity import GRANTED

_FEW = 3
"""Reasons that are told as they are."""
_CLAUSES = 6
"""Clauses of a reason that are told before they are only counted."""
_SPACE = re.compile(r"\bspace/[^/\s,;:'\]]+")
_ELEMENT = re.compile(r"\b(space|zone)/[^/\s,;:'\]]+/(store|machine|key)/[^/\s,;:'\]]+")
_NUMBER = re.compile(r"\b\d[\d,]*\b")
_HAS = re.compile(r"^(?P<who>.*?) (?P<what>\d[^:]*)(?P<rest>(: .*)?)$")
_NEEDS = "needs "


def generic(text: str, row: VerdictRow) -> str:
    """Words without the name of the element's own space, and without an address that no two elements have alike."""
    if row.attribute == "address_range" and isinstance(row.asked, str):
        text = text.replace(row.asked, "its own")
    space = space_of(row.element)
    return hidden(text, space).replace(OWN, EVERY_SPACE) if space else text


def reason_of(rows: Sequence[VerdictRow]) -> str:
    """Why, of rows of one requirement: as they say it where few different things are said, else clause by clause.

    Args:
        rows: what is told as one; there is at least one.
    """
    said: dict[str, set[str]] = {}
    for row in rows:
        said.setdefault(generic(row.reason, row), set()).add(row.element)
        if len(said) > _FEW:
            break
    if len(said) > _FEW:
        said = _clauses(rows, lambda clause: _SPACE.sub(EVERY_SPACE, clause))
        if len(said) > _FEW:
            said = _clauses(rows, lambda clause: _ELEMENT.sub(r"\1/*/\2/*", clause))
    if len(said) == 1:
        return next(iter(said))
    total = len({row.element for row in rows})
    told = [
        f"{text.rstrip('.')} ({len(some):,})" if len(some) < total else text.rstrip(".")
        for text, some in sorted(said.items(), key=lambda one: -len(one[1]))
    ]
    more = f"; and {len(told) - _CLAUSES} more such clauses" if len(told) > _CLAUSES else ""
    return "; ".join(told[:_CLAUSES]) + more


def _clauses(rows: Iterable[VerdictRow], shape: Callable[[str], str]) -> dict[str, set[str]]:
    """What is said, clause by clause, in general words, and of which elements."""
    # The same clause stands in the reasons of a thousand stores, and its words are looked through once.
    known: dict[str, str] = {}
    found: dict[str, set[str]] = {}
    for row in rows:
        for clause in generic(row.reason, row).split("; "):
            words = known.get(clause)
            if words is None:
                words = known[clause] = shape(clause)
            found.setdefault(words, set()).add(row.element)
    return found


def room_of(rows: Iterable[VerdictRow]) -> tuple[str, str | None]:
    """Limits of an offer that rest on one source: what is needed of each and what there is, and what to ask for, once."""
    needs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    asks: dict[str, None] = {}
    quotas = []
    for row in rows:
        needed, _, has = row.reason.partition(", and ")
        match = _HAS.match(has)
        words = (match["who"], match["rest"]) if match else (has, "")
        needs.setdefault(words, []).append((needed, match["what"] if match else ""))
        ask, _, quota = (row.remedy or "").partition(GRANTED)
        asks[ask] = None
        quotas += [quota.partition("{")[2].rstrip("}")] if quota else []
    reason = "; ".join(_needed(who, rest, these) for (who, rest), these in needs.items())
    remedy = "; ".join(_once(filter(None, asks)))
    if quotas:
        remedy = (
            f"{remedy.rstrip('.')}; then write what was granted under quotas of the target: {{{', '.join(quotas)}}}"
        )
    return reason, remedy or None


def _needed(who: str, rest: str, needs: Sequence[tuple[str, str]]) -> str:
    """`needs 191 servers (50), 1,103 vCPUs (200): a project has what stands in brackets`."""
    first, what = needs[0]
    if len(needs) == 1:
        return f"{first}, and {who}{f' {what}' if what else ''}{rest}" if who else first
    told = [
        f"{needed if needed == first else needed.removeprefix(_NEEDS)}{f' ({what})' if what else ''}"
        for needed, what in needs
    ]
    return f"{', '.join(told)}, and {who}{f' what stands in brackets{rest}' if what else rest}"


def _once(texts: Iterable[str]) -> Iterator[str]:
    """Sentences that differ in one number, or from a number on, said as one: `Ask for 3 keys, 5 disks`."""
    found: dict[str, list[str]] = {}
    for text in texts:
        match = _NUMBER.search(text)
        begins = text[: match.start()] if match else text
        found.setdefault(begins, []).append(text[len(begins) :])
    for begins, rests in found.items():
        last = min(len(rest) for rest in rests)
        ends = next((rests[0][-n:] for n in range(last, 0, -1) if len({rest[-n:] for rest in rests}) == 1), "")
        ends = ends[ends.find(" ") :] if " " in ends else "" if len(rests) > 1 else ends
        middles = [rest[: len(rest) - len(ends)].rstrip(",") if ends else rest for rest in rests]
        if len(middles) > 1 and all(_NUMBER.fullmatch(one) for one in middles):
            # As many parts as the largest of the limits asks for.
            middles = [max(middles, key=lambda one: int(one.replace(",", "")))]
        yield begins + ", ".join(middles) + ends


__all__ = ["generic", "reason_of", "room_of"]
