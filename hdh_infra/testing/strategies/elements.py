"""Single elements: stores, machines and keys, as a file would have them.

Machines are small, so that every offer has a flavour for them; graphics processors are asked, and where an offer
has none that is a verdict. What an element refers to (keys, groups, those who are given rights) is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from hdh_infra.testing.strategies.drawing import Described, draw_backup, number, pick, pick_some, rarely, some_of

SIZES = ("10GB", "2TB", "300TB")
_LEVELS = ("none", "provider-key", "tenant-key", "external-key")
_WITH_KEY = frozenset({"customer-key", "external-key"})
_STARTUP = ("#cloud-config\npackages: [htop]\n", "#!/bin/sh\necho 'ready' > /run/ready\n")
_GPUS: tuple[Described, ...] = ({"count": 1}, {"model": "l4"}, {"count": 2, "model": "a100", "memory": "40GB"})
_CUSTODY = {
    "generated": ("provider",),
    "imported": ("provider", "shared"),
    "external": ("provider", "shared", "customer"),
}


def _encryption(draw: st.DrawFn, keys: Sequence[str], *, rich: bool) -> Described:
    """A key of the platform, or a floor; a key is named only above the levels that have none of the customer."""
    named: list[Described] = [{"key": key} for key in keys]
    floors: list[Described] = [{"encryption": level} for level in (_LEVELS if rich else ("provider-key",))]
    both: list[Described] = [{**one, "encryption": "external-key"} for one in named if rich]
    return dict(pick(draw, [{}, *named, *floors, *both]))


def draw_grants(draw: st.DrawFn, principals: Sequence[str]) -> list[Described]:
    """One to three rights of some of those who can be given any."""
    levels = {"access": lambda: pick(draw, ["read", "append", "write"])}
    return [{"to": one, **some_of(draw, levels)} for one in pick_some(draw, principals, 1, 3)]


def _expiry(draw: st.DrawFn, least: int, *, versioning: bool) -> list[Described]:
    """Rules of age, none of which comes before a retention ends."""
    rules = []
    for prefix in pick_some(draw, ["", "raw/", "tmp"], 1, 2):
        given = pick_some(draw, ["days", "old_versions_days"] if versioning else ["days"], 1, 2)
        days = {name: least + pick(draw, [0, 1, 30, 365]) for name in given}
        rules.append({**({"prefix": prefix} if prefix else {}), **days})
    return rules


def draw_store(draw: st.DrawFn, keys: Sequence[str], principals: Sequence[str], *, rich: bool) -> Described:
    """A store."""
    found: Described = {"size": pick(draw, SIZES), **_encryption(draw, keys, rich=rich)}
    versioning, kept = not rarely(draw), 1
    if not versioning:
        found["versioning"] = False
    elif rarely(draw, 3):
        kept = pick(draw, [1, 183, 365, 3650])
        found["retention"] = {"days": kept} | some_of(draw, {"mode": lambda: pick(draw, ["governance", "compliance"])})
    if not rich:
        return found
    options: dict[str, Callable[[], Any]] = {
        "expiry": lambda: _expiry(draw, kept, versioning=versioning),
        "soft_delete_days": lambda: pick(draw, [7, 90, 1000]),
        "redundancy": lambda: pick(draw, ["local", "zone", "region"]),
        "private": lambda: pick(draw, [False, True]),
        "access_log": lambda: pick(draw, [True, False]),
        "backup": lambda: draw_backup(draw),
    }
    if found.get("encryption", "customer-key") in {"customer-key", "external-key"}:
        options["client_side"] = lambda: pick(draw, [True, False])
    if principals:
        options["grants"] = lambda: draw_grants(draw, principals)
    return found | some_of(draw, options)


def draw_machine(draw: st.DrawFn, keys: Sequence[str], *, rich: bool) -> Described:
    """A machine; always with an identity, as a right may be given to it."""
    count = pick(draw, [1, 1, 2, 3])
    found: Described = {"count": count, "vcpus": number(draw, 1, 4), "memory": pick(draw, ["1GB", "8GB"])}
    disk: Described = {"size": pick(draw, ["10GB", "500GB"])} if rarely(draw, 2) else {}
    disk |= _encryption(draw, keys, rich=rich)
    if disk:
        found["disk"] = disk
    if not rich:
        return found
    under_a_key = disk.get("encryption", "customer-key") in _WITH_KEY
    options: dict[str, Callable[[], Any]] = {
        "gpu": lambda: dict(pick(draw, _GPUS)),
        "system_disk": lambda: _system_disk(draw, keys, under_a_key=under_a_key),
        "image": lambda: pick(draw, ["debian-12", "ubuntu-24-04"]),
        "startup": lambda: pick(draw, _STARTUP),
    }
    if count > 1:
        options["spread"] = lambda: pick(draw, ["hosts", "zones", "none"])
    if "size" in disk:
        options["backup"] = lambda: draw_backup(draw)
    return found | some_of(draw, options)


def _system_disk(draw: st.DrawFn, keys: Sequence[str], *, under_a_key: bool) -> Described:
    """A system disk; a key is named where the disk is under one, by its own floor or by that of the data disk."""
    own = {} if under_a_key else {"encryption": "customer-key"}
    named: list[Described] = [{"key": key, **own} for key in keys]
    floors: list[Described] = [{"encryption": level} for level in ("none", "provider-key", "customer-key")]
    size = {"size": "64GB"} if rarely(draw, 2) else {}
    return size | pick(draw, [{}, *named, *floors])


def draw_key(draw: st.DrawFn, groups: Sequence[str], users: Sequence[str], *, rich: bool) -> Described:
    """A key."""
    found: Described = dict(pick(draw, [{}, {"protection": "software"}, {"protection": "hsm"}]))
    if not rich:
        return found
    origin = pick(draw, ["generated", "generated", "imported", "external"])
    if origin != "generated":
        found["origin"] = origin
    options: dict[str, Callable[[], Any]] = {
        "algorithm": lambda: pick(draw, ["aes-256", "rsa-2048", "rsa-3072", "rsa-4096"]),
        "custody": lambda: pick(draw, _CUSTODY[origin]),
        "grace_days": lambda: pick(draw, [7, 30, 90, 400]),
    }
    if origin == "generated":
        options["rotation_days"] = lambda: pick(draw, [30, 365, 730])
    if groups:
        options["administrators"] = lambda: pick_some(draw, groups, 1, 2)
    if users:
        options["users"] = lambda: pick_some(draw, users, 1, 2)
    return found | some_of(draw, options)
