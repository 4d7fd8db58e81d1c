"""The verdicts: for every attribute of every element, the worse of what the catalogue says and what is observed.

It judges and refuses nothing: a plan carries its verdicts, and who deploys refuses (law 3). What no
observation can see (an observed null) is answered by the catalogue alone where it follows from the offer
itself, and said so by its source. Flows are judged in `reaching`, what is asked of the whole in `whole`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from hdh_infra.catalogue.load import Site
from hdh_infra.catalogue.schema import Fact, Region
from hdh_infra.clouds import of
from hdh_infra.graph.observation import Observation
from hdh_infra.graph.plan import VerdictRow
from hdh_infra.model.attributes import ATTRIBUTES, BY_CATALOGUE, REQUIREMENTS, SCALES, answers, asked
from hdh_infra.model.expand import Expanded
from hdh_infra.model.lock import Lock
from hdh_infra.model.paths import Kind, kind_of
from hdh_infra.model.scales import Confidence, Encryption, KeyOrigin, Relation, RetentionMode, Verdict
from hdh_infra.model.wording import value_words
from hdh_infra.planning.keyless import is_keyless, keyless_rows
from hdh_infra.planning.reaching import UNREAD, flow_rows
from hdh_infra.planning.refusing import refused_rows
from hdh_infra.planning.waiving import waived
from hdh_infra.planning.whole import whole


def assess(
    expanded: Expanded,
    lock: Lock,
    place: Site,
    observed: Observation,
    today: datetime.date,
    room: Iterable[VerdictRow] = (),
) -> tuple[VerdictRow, ...]:
    """Every verdict, by element and attribute, with the waiver that covers it; flows and room last.

    Args:
        expanded: what is asked.
        lock: what was given.
        place: where.
        observed: what a plan or a deployment gives.
        today: the day that waivers are judged by.
        room: what a plan needs against the offer's limits; nothing of what is deployed already.
    """
    if place.offer.refused is not None:
        return tuple(refused_rows(expanded, lock, place, place.offer.refused, observed, today))
    rows = [
        *_attributes(expanded, lock, place, observed, today),
        *whole(expanded, place, observed, today),
        *flow_rows(expanded, place, observed, today),
        *room,
    ]
    return waived(rows, expanded.platform, place, today)


def _attributes(
    expanded: Expanded, lock: Lock, place: Site, observed: Observation, today: datetime.date
) -> Iterator[VerdictRow]:
    judge = _Judge(place, observed, today)
    for path in expanded.elements:
        kind = kind_of(path)
        wanted = asked(expanded, path, lock.addresses.get(path, ""))
        own = _client_side(expanded, path)
        given = observed.elements.get(path)
        if given is None and kind == "key" and is_keyless(place):
            wanted["users"] = _users(expanded, path, wanted["users"], observed)
            yield from keyless_rows(path, wanted, place, today)
            continue
        if given is None and kind == "network" and place.offer.native.get("networks") == "named":
            # Made by hand or there already, and only looked up: no native resource of the plan is it.
            given = {}
        if given is None:
            yield VerdictRow(
                path, f"{kind}.public" if kind in {"store", "machine"} else "flow.exact" if kind == "network" else "key.protection",
                "native", "present", None, Verdict.not_met, f"{path} has no native resource in the {observed.source}",
                f"observed in the {observed.source}", str(today), Confidence.measured,
            )  # fmt: skip
            continue
        if kind == "key":
            wanted["users"] = _users(expanded, path, wanted["users"], observed)
        existing = observed.source == "plan" and place.settings.existing_of(path) is not None
        for attribute in ATTRIBUTES[kind]:
            row = judge.row(path, kind, attribute, wanted[attribute], given, existing=existing)
            yield _by_other_means(row, own) if own and attribute == "encryption" else row


def _client_side(expanded: Expanded, path: str) -> str | None:
    """The other means by which a description itself answers its floor of a store's encryption; None without one."""
    store = expanded.stores.get(path)
    if store is None or not store.client_side:
        return None
    return f"encrypted by who writes, before it is written, with {expanded.key_of(path)} (client_side)"


def _by_other_means(row: VerdictRow, means: str) -> VerdictRow:
    """A row whose floor of a customer's key is answered in the client where the cloud does not answer it: never more than differs."""
    if row.asked != Encryption.customer_key or row.verdict not in {Verdict.not_met, Verdict.unknown}:
        return row
    reason = f"{row.reason.rstrip('.')}; what is written is ciphertext already, by the description's own word, which no property shows"
    return replace(row, verdict=Verdict.differs, means=means, reason=reason, remedy=None)


def _users(expanded: Expanded, key: str, wanted: list[str], observed: Observation) -> list[str]:
    """Who is to use a key, without stores and disks that are not encrypted with it: their encryption's own verdict says so, once."""
    given = observed.elements.get(key, {}).get("users") or ()
    own = expanded.users_of(key)

    def counts(one: str) -> bool:
        levels = [observed.elements.get(one, {}).get(name) for name in _KEYS.values()]
        reached = any(level is not None and Encryption(level).reaches(Encryption.customer_key) for level in levels)
        return one in own or one in given or reached

    return [one for one in wanted if counts(one)]


class _Judge:
    """Verdicts on attributes at one site, of one observation."""

    def __init__(self, place: Site, observed: Observation, today: datetime.date) -> None:
        self.place, self.observed, self.today = place, observed, str(today)
        self.unlowered = of(place.target).unlowered
        self._here = _names(place, place.region)
        self._countries = {one.country for one in place.offer.regions} - {None}
        self._known = self._here.union(*(_names(place, one) for one in place.offer.regions))

    def row(
        self, path: str, kind: Kind, attribute: str, wanted: Any, given: Mapping[str, Any], *, existing: bool
    ) -> VerdictRow:
        """One attribute of one element.

        Args:
            path: the element.
            kind: its kind.
            attribute: which.
            wanted: what is asked.
            given: what is observed of the element, all attributes.
            existing: whether it is named instead of made, so that a plan says nothing of it.
        """
        rule = ATTRIBUTES[kind][attribute]
        fact = self.place.facts.get(rule.requirement)
        seen = given.get(attribute)
        if attribute in _KEYS and wanted is not None:
            level = given.get(_KEYS[attribute])
            lower = level is not None and not Encryption(level).reaches(Encryption.customer_key)
            if lower or (level is None and seen is None):
                # A lower level has no customer's key, and of an unknown one nobody sees it; the encryption's own verdict says so, once.
                seen = wanted = None
        answer = answers(kind, attribute, wanted, seen)
        if existing and seen is None and wanted is not None and attribute != "country":
            return self._made(path, rule.requirement, attribute, wanted, None, Verdict.unknown, _EXISTING, None)
        if attribute == "public" and path in self.observed.unread and not seen:
            return self._made(path, rule.requirement, attribute, wanted, None, Verdict.unknown, UNREAD, None)
        if fact is None or rule.relation is Relation.untraceable or (answer and seen is None):
            return self._told(path, rule.requirement, attribute, wanted, seen, _of(answer), fact)
        if wanted is not None and not seen and rule.requirement in self.unlowered:
            return self._missing(path, rule.requirement, attribute, wanted, seen, fact)
        offered = _offered(attribute, wanted, fact)
        if (
            attribute == "origin"
            and seen is None
            and not existing
            and wanted != _MADE
            and _reached(attribute, wanted, fact.value)
        ):
            # A person brings it, and no property shows where material was made.
            return self._made(path, rule.requirement, attribute, wanted, None, Verdict.differs, fact.reason, fact)
        if seen is None and attribute in BY_CATALOGUE:
            if self._is_elsewhere(attribute, given) and fact.value is not None:
                words = (
                    f"it lies in {given['region']}, and what is known of {self.place.target} holds for its own region"
                )
                return self._made(path, rule.requirement, attribute, wanted, None, Verdict.unknown, words, fact)
            if attribute not in _SHOWN or offered is not Verdict.met:
                return self._told(path, rule.requirement, attribute, wanted, fact.value, offered, fact)
        if fact.means and seen == fact.value:
            return self._told(path, rule.requirement, attribute, wanted, seen, offered, fact)
        if answer is None and fact.value is not None and self.observed.source == "plan" and not existing:
            # A plan shows all that it makes: what the offer has, and no resource of it gives, is not given.
            answer = False
        verdict = Verdict.worst(_of(answer), offered)
        if verdict is Verdict.not_met and offered is Verdict.differs and not seen and _serves(attribute, given):
            # The offer's named other means is what there is: nothing native was to be seen.
            return self._told(path, rule.requirement, attribute, wanted, seen, offered, fact)
        return self._told(path, rule.requirement, attribute, wanted, seen, verdict, fact)

    def _is_elsewhere(self, attribute: str, given: Mapping[str, Any]) -> bool:
        """Whether an element is seen to lie where the catalogue's row does not speak of, or in several regions."""
        region = given.get("region")
        if region is None or (attribute != "country" and given.get("country") in self._countries):
            # A service may have regions of its own, as key services do: that their country is known says enough.
            return False
        return str(region).lower() not in (self._here if attribute == "country" else self._known)

    def _missing(self, path: str, requirement: str, attribute: str, wanted: Any, seen: Any, fact: Fact) -> VerdictRow:
        """What no plan of this cloud makes: the offer's own lack comes first, the library's after it."""
        if fact.value is None or (fact.value is False and not fact.means):
            verdict = Verdict.unknown if fact.value is None else Verdict.not_met
            return self._made(path, requirement, attribute, wanted, seen, verdict, fact.reason, fact)
        reason = self.unlowered[requirement]
        return self._made(path, requirement, attribute, wanted, seen, Verdict.not_met, reason, None, _LATER)

    def _told(
        self, path: str, requirement: str, attribute: str, wanted: Any, given: Any, verdict: Verdict, fact: Fact | None
    ) -> VerdictRow:
        planned = self.observed.source == "plan"
        if verdict is Verdict.met:
            if fact is None:
                return self._made(
                    path, requirement, attribute, wanted, given, verdict, REQUIREMENTS[requirement].title, None
                )
            reached = "what is planned reaches it" if planned else "what is deployed reaches it"
            return self._made(path, requirement, attribute, wanted, given, verdict, reached, fact)
        if fact is not None and verdict is Verdict.not_met and attribute in _ACCESS:
            words = f"{attribute} is {value_words(attribute, given)}, asked was {value_words(attribute, wanted)}"
            return self._made(path, requirement, attribute, wanted, given, verdict, f"{words}: {fact.reason}", fact)
        if fact is None or (
            fact.value is not None and verdict is Verdict.not_met and _offered(attribute, wanted, fact) is Verdict.met
        ):
            words = f"{attribute} is {value_words(attribute, given)}, asked was {value_words(attribute, wanted)}"
            reason = words if fact is None else f"{words}, although the offer has it: {fact.reason}"
            return self._made(path, requirement, attribute, wanted, given, verdict, reason, fact)
        return self._made(path, requirement, attribute, wanted, given, verdict, fact.reason, fact)

    def _made(
        self,
        path: str,
        requirement: str,
        attribute: str,
        wanted: Any,
        given: Any,
        verdict: Verdict,
        reason: str,
        fact: Fact | None,
        remedy: str | None = None,
    ) -> VerdictRow:
        if fact is None:
            return VerdictRow(
                path, requirement, attribute, wanted, given, verdict, reason, f"observed in the {self.observed.source}",
                self.today, Confidence.measured, None, remedy,
            )  # fmt: skip
        return VerdictRow(
            path, requirement, attribute, wanted, given, verdict, reason, fact.source, str(fact.as_of), fact.confidence,
            fact.means if verdict is Verdict.differs else None, fact.remedy if verdict is not Verdict.met else None,
        )  # fmt: skip


def _names(place: Site, region: Region) -> frozenset[str]:
    """What any service calls a region, and the description calls the target's own, in small letters."""
    own = place.settings.region_name if region.name == place.region.name else None
    return frozenset(name.lower() for name in (region.name, *region.names.values(), own) if name is not None)


def _serves(attribute: str, given: Mapping[str, Any]) -> bool:
    """Whether the other means is there: versions have back what was deleted only where they are kept."""
    if attribute in {"grants", "entry"} or attribute in _ACCESS:
        # Only what is there gives rights, or lets people in.
        return False
    return attribute != "soft_delete_days" or given.get("versioning") is True


_ACCESS = frozenset({"users", "administrators"})
"""Of a key: who has what is told by name, whatever other means there are for others."""
_SHOWN = frozenset({"identity"})
"""What stands on each resource that has it: where none is seen there is none, whatever the offer could give."""
_KEYS = {"key": "encryption", "system_key": "system_encryption"}
_MADE = KeyOrigin.generated.value
_EXISTING = "it is named and not made, so that only what is deployed can show it"
_LATER = "Waive it with a reason while this version of the library does not lower it, or add it by hand and say so."


def _of(answer: bool | None) -> Verdict:
    return Verdict.unknown if answer is None else Verdict.met if answer else Verdict.not_met


def _offered(attribute: str, wanted: Any, fact: Fact) -> Verdict:
    """What the catalogue answers, by itself, to one attribute."""
    value = fact.value
    if attribute in _KEYS or wanted is None:
        return Verdict.met
    if value is None:
        # What everything reaches is reached, whatever nobody knows beyond it.
        lowest = attribute in SCALES and next(iter(SCALES[attribute])).value == wanted
        return Verdict.met if lowest else Verdict.unknown
    if value is False and attribute in SCALES:
        return Verdict.differs if fact.means else Verdict.not_met
    if _reached(attribute, wanted, value):
        return Verdict.met
    if attribute == "grants" and fact.means and not any(str(one).endswith(" append") for one in wanted):
        # What an offer cannot tell apart is adding and replacing: reading and writing it can.
        return Verdict.met
    if attribute == "origin":
        # Other means are those by which material comes in at all.
        return Verdict.not_met
    return Verdict.differs if fact.means else Verdict.not_met


def _reached(attribute: str, wanted: Any, value: Any) -> bool:
    if scale := SCALES.get(attribute):
        return scale(str(value)).reaches(scale(wanted))
    match attribute:
        case "retention":
            return value is not False and RetentionMode(str(value)).reaches(RetentionMode(wanted["mode"]))
        case "versioning":
            return value is True or wanted is False
        case "domain":
            return value not in {None, False}
        case "country":
            return value in wanted
        case "algorithm" | "image":
            return wanted in value
        case "origin":
            return wanted in value if isinstance(value, list) else bool(wanted == value)
        case "soft_delete_days" | "grace_days":
            return value is not False and int(value) >= wanted
        case "exportable" | "public" | "identity" | "entry":
            return bool(value == wanted)
        case _:
            # What an offer has or has not: rotation, rules of age, logs, rights, backups, names.
            return bool(value is True or value == wanted)
