"""What is asked of each kind of element: every attribute with its relation and the requirement it belongs to.

Observations carry these attributes; assessments and comparisons judge them by the relation. What a spec
does not write but every element must have (nothing public, keys that cannot be exported, the country) is
here too. `answers` is the only judge of asked against given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hdh_infra.model.base import write_size
from hdh_infra.model.elements import Key, Machine, Store
from hdh_infra.model.expand import Expanded
from hdh_infra.model.paths import Kind
from hdh_infra.model.scales import Encryption, Protection, Relation, RetentionMode


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that an offer is asked for, and whether a spec may accept its lack."""

    title: str
    waivable: bool = True


REQUIREMENTS: Mapping[str, Requirement] = {
    "region.country": Requirement("the region lies in a country of the residency", waivable=False),
    "store.encryption": Requirement("who holds the key that encrypts a store"),
    "store.versioning": Requirement("overwritten and deleted objects can be had back"),
    "store.retention": Requirement("objects cannot be changed or deleted before their time"),
    "store.public": Requirement("nobody reads or writes a store without credentials"),
    "machine.size": Requirement("processors, memory, disk and number of machines"),
    "machine.image": Requirement("the family of the system image"),
    "machine.encryption": Requirement("who holds the key that encrypts a machine's disks"),
    "machine.public": Requirement("a machine has no public address"),
    "machine.identity": Requirement("a machine has an identity of its own towards the cloud's services"),
    "key.protection": Requirement("what a key is kept in"),
    "key.origin": Requirement("where key material is made"),
    "key.rotation": Requirement("a new version is made in time"),
    "key.exportable": Requirement("key material cannot leave the service that keeps it"),
    "network.addresses": Requirement("the address range of a zone or space"),
    "flow.exact": Requirement("who can reach whom is what the flows say, no less and no more"),
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a kind: how given stands to asked, and which requirement it answers."""

    relation: Relation
    requirement: str


_COUNTRY = Attribute(Relation.floor, "region.country")
ATTRIBUTES: Mapping[Kind, Mapping[str, Attribute]] = {
    "store": {
        "size": Attribute(Relation.untraceable, "store.encryption"),
        "encryption": Attribute(Relation.floor, "store.encryption"),
        "key": Attribute(Relation.exact, "store.encryption"),
        "versioning": Attribute(Relation.exact, "store.versioning"),
        "retention": Attribute(Relation.floor, "store.retention"),
        "public": Attribute(Relation.exact, "store.public"),
        "country": _COUNTRY,
    },
    "machine": {
        "count": Attribute(Relation.exact, "machine.size"),
        "vcpus": Attribute(Relation.floor, "machine.size"),
        "memory": Attribute(Relation.floor, "machine.size"),
        "disk": Attribute(Relation.floor, "machine.size"),
        "image": Attribute(Relation.exact, "machine.image"),
        "encryption": Attribute(Relation.floor, "machine.encryption"),
        "key": Attribute(Relation.exact, "machine.encryption"),
        "public": Attribute(Relation.exact, "machine.public"),
        "identity": Attribute(Relation.exact, "machine.identity"),
        "country": _COUNTRY,
    },
    "key": {
        "protection": Attribute(Relation.floor, "key.protection"),
        "origin": Attribute(Relation.exact, "key.origin"),
        "rotation_days": Attribute(Relation.floor, "key.rotation"),
        "exportable": Attribute(Relation.exact, "key.exportable"),
        "country": _COUNTRY,
    },
    "network": {
        "address_range": Attribute(Relation.exact, "network.addresses"),
        "country": _COUNTRY,
    },
}
_WEAKEST: Mapping[str, tuple[str, ...]] = {
    "encryption": (next(iter(Encryption)).value,),
    "protection": (next(iter(Protection)).value,),
}
"""Floors that everything reaches, even what nobody knows."""
IDENTITY = "managed"
"""The given value of a machine's identity where the cloud itself vouches for it, without a secret."""


def asked(expanded: Expanded, path: str, address_range: str) -> dict[str, Any]:
    """What is asked of one element, attribute by attribute, in an observation's own values; None asks nothing.

    Args:
        expanded: the platform worked out.
        path: the element.
        address_range: of a network, the range that the lock gives it.
    """
    spec = expanded.elements[path]
    values: dict[str, Any]
    if isinstance(spec, Store):
        values = {
            "size": write_size(int(spec.size)),
            "encryption": str(spec.encryption),
            "key": expanded.key_of(path),
            "versioning": spec.versioning,
            "retention": spec.retention.model_dump(mode="json") if spec.retention else None,
            "public": False,
        }
    elif isinstance(spec, Machine):
        values = {
            "count": spec.count,
            "vcpus": spec.vcpus,
            "memory": int(spec.memory),
            "disk": int(spec.disk.size) if spec.disk.size else None,
            "image": spec.image,
            "encryption": str(spec.disk.encryption),
            "key": expanded.key_of(path),
            "public": False,
            "identity": IDENTITY,
        }
    elif isinstance(spec, Key):
        values = {
            "protection": str(spec.protection),
            "origin": str(spec.origin),
            "rotation_days": spec.rotation_days,
            "exportable": False,
        }
    else:
        values = {"address_range": address_range}
    return values | {"country": list(expanded.platform.residency.countries)}


def answers(kind: Kind, attribute: str, asked_value: Any, given: Any) -> bool | None:
    """Whether a given value answers an asked one under the attribute's relation; None where nobody can say.

    A floor that asks nothing is answered by anything; what is untraceable is answered by having no trace.
    """
    relation = ATTRIBUTES[kind][attribute].relation
    if relation is Relation.untraceable or (
        relation is Relation.floor and (asked_value is None or asked_value in _WEAKEST.get(attribute, ()))
    ):
        return True
    if given is None:
        return (
            None
            if asked_value is not None and attribute not in {"key", "retention", "rotation_days", "disk"}
            else asked_value is None
        )
    if relation is Relation.exact:
        return bool(given == asked_value)
    return _reaches(attribute, asked_value, given)


def _reaches(attribute: str, asked_value: Any, given: Any) -> bool:
    match attribute:
        case "encryption":
            return Encryption(given).reaches(Encryption(asked_value))
        case "protection":
            return Protection(given).reaches(Protection(asked_value))
        case "country":
            assert isinstance(asked_value, Sequence)
            return given in asked_value
        case "retention":
            longer = given["days"] >= asked_value["days"]
            return bool(longer and RetentionMode(given["mode"]).reaches(RetentionMode(asked_value["mode"])))
        case "rotation_days":
            return bool(given <= asked_value)
        case _:
            return bool(given >= asked_value)
