"""What a deployment signs in with, service by service, and the least rights it needs: data beside each cloud, and the pure check.

Names of variables only: no value is read, kept or shown here, but whether there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final


@final
@dataclass(frozen=True, slots=True)
class Way:
    """One way to give a service its credentials."""

    words: str
    """For people: `a user's password`."""
    needs: tuple[str, ...]
    """Variables that must all be there; `A|B` is either."""
    takes: tuple[str, ...] = ()
    """Variables that are taken as well, where they are there."""
    files: tuple[str, ...] = ()
    """Where its file is looked for, the first that exists; a name in capitals is the variable that names it."""
    advised: bool = False
    """Whether it is the one to make where there is none yet."""


@final
@dataclass(frozen=True, slots=True)
class Service:
    """What is signed in to, and how: the first way that is complete is the one that is taken."""

    name: str
    serves: str
    """What a deployment has from it."""
    packages: tuple[str, ...]
    """Beginnings of the native types that it makes."""
    ways: tuple[Way, ...]
    remedy: str
    source: str
    as_of: str
    remarks: Mapping[str, str]
    """By variable, what should be known where it is there."""


@final
@dataclass(frozen=True, slots=True)
class Right:
    """One right that a deployment needs, the least that does; of which service, where, and for which native types."""

    service: str
    name: str
    """The cloud's own: a role, or the paths or actions of an API."""
    on: str
    types: tuple[str, ...]
    """Beginnings of the native types that need it."""
    why: str
    source: str
    as_of: str
    role: bool = False
    """Whether it is a role that the token itself carries by this name, so that it can be looked for."""


OBJECT_STORE = Service(
    name="the S3 endpoint",
    serves="buckets, and users with their keys and policies where it has them",
    packages=("hdh:s3:", "hdh:iam:"),
    ways=(
        Way(
            "an access key",
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_REGION", "AWS_DEFAULT_REGION"),
        ),
    ),
    remedy="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to those of the endpoint, or `pulumi config set --secret hdh:secretKey` and hdh:accessKey, which win over them",
    source="hdh_infra/resources/config.py; docs/resources.md",
    as_of="2026-11-25",
    remarks={
        "AWS_PROFILE": "our plugin takes no profile; the engine takes it for a state in S3",
        "AWS_SESSION_TOKEN": "our plugin takes no session token: keys that are valid for some hours only are refused",
    },
)
"""What a cloud whose buckets our plugin makes signs in with for them; each says what differs there."""


@final
@dataclass(frozen=True, slots=True)
class Found:
    """What an environment has for one service."""

    service: Service
    way: Way | None
    """The way that is taken; None where none is complete."""
    there: tuple[str, ...]
    """Variables that are there, of all ways."""
    missing: tuple[str, ...]
    """Of the way that is nearest, what is not there; empty where one is complete."""
    remarks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `hdh credentials` writes it."""
        return {
            "service": self.service.name,
            "serves": self.service.serves,
            "complete": self.way is not None,
            "way": self.way.words if self.way else None,
            "there": list(self.there),
            "missing": list(self.missing),
            "remedy": None if self.way else self.service.remedy,
            "remarks": list(self.remarks),
            "source": self.service.source,
            "as_of": self.service.as_of,
        }


def needed(services: Iterable[Service], types: Iterable[str] | None) -> tuple[Service, ...]:
    """The services that native types want; all of them where no types are given."""
    return tuple(one for one in services if types is None or _begins(types, one.packages))


def rights_for(rights: Iterable[Right], types: Iterable[str] | None) -> tuple[Right, ...]:
    """The rights that native types want; all of them where no types are given."""
    return tuple(one for one in rights if types is None or _begins(types, one.types))


def look(service: Service, environment: Mapping[str, str]) -> Found:
    """What an environment has for one service: the first way that is complete, else the nearest one and what it lacks."""
    way = next((one for one in service.ways if not _lacks(one, environment)), None)
    names = [name for one in service.ways for word in (*one.needs, *one.takes) for name in word.split("|")]
    there = tuple(dict.fromkeys(name for name in names if environment.get(name)))
    missing: tuple[str, ...] = ()
    if way is None:
        # The nearest is the one that most is there of; of several, the advised one.
        nearest = max(service.ways, key=lambda one: (len(one.needs) - len(_lacks(one, environment)), one.advised))
        missing = tuple(word.replace("|", " or ") for word in _lacks(nearest, environment))
    remarks = [f"{name}: {words}" for name, words in service.remarks.items() if environment.get(name)]
    if way is not None:
        used = {name for word in (*way.needs, *way.takes) for name in word.split("|")}
        if idle := [name for name in there if name not in used]:
            remarks.append(f"{', '.join(idle)}: not taken, for there is {way.words}")
    return Found(service, way, there, missing, tuple(remarks))


def _lacks(way: Way, environment: Mapping[str, str]) -> Sequence[str]:
    return [word for word in way.needs if not any(environment.get(name) for name in word.split("|"))]


def _begins(types: Iterable[str], beginnings: tuple[str, ...]) -> bool:
    return any(token.startswith(beginnings) for token in types)


def judge(
    rights: Iterable[Right], roles: Iterable[str], *, makes_keys: bool, too_much: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """What a token's roles lack, and what they have that no deployment needs; in words for people.

    Args:
        rights: those that are needed.
        roles: names in the token.
        makes_keys: whether the key service answers this token, whatever its roles are called there.
        too_much: roles that a deployment should not have, and why.
    """
    held = set(roles)
    asked: dict[str, list[str]] = {}
    for right in rights:
        if right.role:
            asked.setdefault(right.name, []).append(right.why)
    lacking = [
        f"the role {name} is missing: {'; '.join(why)}"
        for name, why in asked.items()
        # Who is admin may do what a member may; and a key service with the newer default policies takes members.
        if name not in held and not held & set(too_much) and not (makes_keys and any("Barbican" in one for one in why))
    ]
    return lacking, [f"{name}: {words}" for name, words in too_much.items() if name in held]
