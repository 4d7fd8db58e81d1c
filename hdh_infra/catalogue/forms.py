"""What the value of each attribute looks like: one table, for the catalogue's rows and for what operators declare.

It judges the form alone. Whether a value is true its source says; whether it is enough, the requirement.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from hdh_infra.model.scales import (
    Custody,
    Encryption,
    KeyAlgorithm,
    KeyOrigin,
    Protection,
    Redundancy,
    RetentionMode,
    Spread,
)
from hdh_infra.model.words import nearest

MOST_DAYS = 36500


@dataclass(frozen=True, slots=True)
class Form:
    """What values one attribute takes: in words for messages, the closed words among them, and the test itself."""

    allowed: str
    fits: Callable[[JsonValue], bool]
    words: tuple[str, ...] = ()


def _number(value: JsonValue) -> bool:
    # True is 1 in Python, and no number of days.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DAYS


def _addresses(value: JsonValue) -> bool:
    try:
        return isinstance(value, list) and bool(value) and all(ipaddress.IPv4Network(str(one)) for one in value)
    except ValueError:
        return False


def _one_of(*words: str, no: bool = False) -> Form:
    allowed = f"one of {', '.join(words)}" + (", or false" if no else "")
    return Form(allowed, lambda value: (no and value is False) or (isinstance(value, str) and value in words), words)


def _some_of(*words: str, no: bool = False) -> Form:
    def fits(value: JsonValue) -> bool:
        return (no and value is False) or (
            isinstance(value, list)
            and bool(value)
            and all(isinstance(one, str) and one in words for one in value)
            and len(set(map(str, value))) == len(value)
        )

    return Form(f"a list of {', '.join(words)}, each once" + (", or false" if no else ""), fits, words)


def _one_or_some_of(*words: str, no: bool = False) -> Form:
    one, some = _one_of(*words, no=no), _some_of(*words)
    return Form(f"{one.allowed}, or {some.allowed}", lambda value: one.fits(value) or some.fits(value), words)


_YES_OR_NO = Form("true or false", lambda value: isinstance(value, bool))
_DAYS_OR_NO = Form(f"a number of days, 0 to {MOST_DAYS}, or false", lambda value: value is False or _number(value))
_SERVICE = Form(
    "the service's own name as text, or false where the offer has none",
    lambda value: value is False or (isinstance(value, str) and len(value.strip()) > 1),
)
_COUNTRY = Form(
    "two capital letters of ISO 3166, such as FR",
    lambda value: isinstance(value, str) and re.fullmatch(r"[A-Z]{2}", value) is not None,
)
_ADDRESSES = Form(
    "private, or a list of address ranges such as 192.0.2.0/24", lambda value: value == "private" or _addresses(value)
)

FORMS: Mapping[str, Form] = {
    "store.encryption": _one_of(*Encryption),
    "store.versioning": _YES_OR_NO,
    "store.retention": _one_of(*RetentionMode, no=True),
    "store.public": _YES_OR_NO,
    # Objects are deleted by rules of age.
    "store.expiry": _YES_OR_NO,
    # Days at most that a deleted object can be had back.
    "store.soft_delete": _DAYS_OR_NO,
    # Copies in one data centre; in several zones of the region; in a second region of the same country.
    "store.redundancy": _one_of(*Redundancy),
    # A store can be reached from the platform's networks only.
    "store.private": _YES_OR_NO,
    # Read, append-only and write can be told apart, for each machine and store.
    "store.grants": _YES_OR_NO,
    # The cloud logs each access to objects into a store.
    "store.access_log": _YES_OR_NO,
    # Managed backup of stores, apart from versions.
    "store.backup": _YES_OR_NO,
    "machine.encryption": _one_of(*Encryption),
    "machine.public": _YES_OR_NO,
    "machine.identity": _one_of("managed", "access-key", no=True),
    "machine.gpu": _YES_OR_NO,
    # How far apart replicas of a machine can be kept.
    "machine.spread": _one_of(*Spread),
    # Start-up data can be given.
    "machine.startup": _YES_OR_NO,
    # Managed backup of disks by a schedule.
    "machine.backup": _YES_OR_NO,
    # Of keys, false is an offer that has no service for them.
    "key.protection": _one_of(*Protection, no=True),
    # How material can come into the service; a list where there are several ways.
    "key.origin": _one_or_some_of(*KeyOrigin, no=True),
    "key.rotation": _YES_OR_NO,
    "key.exportable": _YES_OR_NO,
    # What encrypts stores and disks, or what the key service makes.
    "key.algorithm": _some_of(*KeyAlgorithm, no=True),
    # Who holds key material: the cloud alone; the customer has a copy outside (keys can be imported); never the cloud.
    "key.custody": _one_of(*Custody, no=True),
    # Days at most between the order to destroy a key and its destruction; 0 or false where it is at once.
    "key.grace": _DAYS_OR_NO,
    # Who may use a key and who may administer it are separate rights, key by key.
    "key.access": _YES_OR_NO,
    # Allowed and denied connections are logged.
    "network.flow_logs": _YES_OR_NO,
    # Machines find each other by name, and no name leaves the platform.
    # A name service of the networks' own; of an OpenStack only a Designate, by that word, is one that a plan can write to.
    "network.names": Form(
        "true, false or designate", lambda value: isinstance(value, bool) or value == "designate", ("designate",)
    ),
    # How people get in: a managed service, or a machine of one's own only.
    "network.entry": _one_of("bastion", "machine", no=True),
    # The cloud writes such logs where the customer can put them into a store of theirs.
    "audit.keys": _YES_OR_NO,
    "audit.administration": _YES_OR_NO,
    "audit.flows": _YES_OR_NO,
    # Egress can be allowed by host name.
    "egress.host_names": _YES_OR_NO,
    "flow.exact": _YES_OR_NO,
    "region.country": _COUNTRY,
    "object_store.addresses": _ADDRESSES,
    # How a bucket is asked for: by a host name of its own (BUCKET.s3.example.org), or in the path of one host only.
    "object_store.addressing": _one_of("virtual", "path"),
    # Whom rights on buckets are given to: users of its own, or of the project; the whole project; or accounts of the cloud.
    "object_store.identities": _one_of("iam", "ovh", "keystone", "accounts"),
    # What a bucket may have and still be delivered logs of access into: a lock and an encryption, one of them, neither.
    "object_store.log_target": _one_of("any", "locked", "encrypted", "plain"),
    # What stores are spoken to in.
    "object_store.api": _one_of("s3", "swift", "blob"),
    "requires.kubernetes": _SERVICE,
    "requires.postgresql": _SERVICE,
    "requires.spark": _SERVICE,
    "requires.log-analysis": _SERVICE,
    "requires.identity-provider": _SERVICE,
}
"""Every attribute that an offer has a row for, and the form of its value: the highest level that the offer reaches."""


MEASURED_FORMS: Mapping[str, Form] = {
    # Families of images that there are; only an endpoint can tell.
    "machine.image": Form("a list of families", lambda value: isinstance(value, list)),
}
"""Rows that only an offer has that was asked."""


def check_value(attribute: str, value: JsonValue) -> str | None:
    """What is wrong with a value of an attribute, what is allowed, and the nearest right word; None if nothing is.

    A null is unknown, and fits every attribute.
    """
    form = FORMS.get(attribute) or MEASURED_FORMS.get(attribute)
    if form is None:
        return f"no attribute is {attribute!r}; {nearest(attribute, FORMS)}".rstrip("; ")
    if value is None or form.fits(value):
        return None
    told = f"{attribute} is {value!r}: it takes {form.allowed}"
    hint = nearest(value, form.words) if isinstance(value, str) and form.words else ""
    return f"{told}; {hint}" if hint.startswith("did you mean") else told


__all__ = ["FORMS", "Form", "check_value"]
