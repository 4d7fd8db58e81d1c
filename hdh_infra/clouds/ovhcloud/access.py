"""Rights on single keys by policies of OVHcloud's IAM: who uses one, who administers it; and reading them back.

Who may both use and administer is nobody: a policy for each. Users ask the key service to encrypt, to decrypt and for data keys;
they get no `wrapKey`, which carries other keys out. Administrators deactivate, activate and destroy, and get no
`okms:apikms:serviceKey/update`, which makes a key extractable. A machine has no identity in this IAM: no policy names one.

Sources: actions by ovh/okms-sdk-go `.github/codegen/schemas/swagger.yaml` 2.16.2 and, of OVHcloud's own API, the
specification of `/okms`; the URN of a key by ovh/docs kms/kms-troubleshooting (2025-06-18); all read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, final

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import shared_name
from hdh_infra.clouds.openstack.keys import members
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.ovhcloud.naming import DOMAIN, IAM_POLICY, PROVIDER
from hdh_infra.clouds.values import listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, form_of, text
from hdh_infra.model.paths import GROUP

_KEY_API = "okms:apikms:serviceKey"
_OWN_API = "okms:apiovh:serviceKey"
USES: Mapping[str, tuple[str, ...]] = {
    "oct": (
        f"{_KEY_API}/dataKey/create",
        f"{_KEY_API}/dataKey/decrypt",
        f"{_KEY_API}/decrypt",
        f"{_KEY_API}/encrypt",
        f"{_KEY_API}/get",
    ),
    "RSA": (f"{_KEY_API}/get", f"{_KEY_API}/sign", f"{_KEY_API}/verify"),
}
"""What users of a key of a type may do with it."""
ADMINISTERS: tuple[str, ...] = (
    f"{_KEY_API}/activate",
    f"{_KEY_API}/deactivate",
    f"{_KEY_API}/delete",
    f"{_KEY_API}/get",
    f"{_OWN_API}/delete",
    f"{_OWN_API}/get",
    f"{_OWN_API}/update",
)
"""What administrators may; `update` of OVHcloud's own API renames, deactivates and activates."""
_READING = frozenset({f"{_KEY_API}/get", f"{_OWN_API}/get", f"{_KEY_API}/verify"})
"""What shows a key's description or its public half, and neither uses nor changes it."""
_USING = (
    *(one for some in USES.values() for one in some if one not in _READING),
    f"{_KEY_API}/unwrapKey",
    f"{_KEY_API}/wrapKey",
    "okms:kmip:get",
)
_CHANGING = (*(one for one in ADMINISTERS if one not in _READING), f"{_KEY_API}/update")
_URN = "urn:v1:eu:resource:okms:{0}/serviceKey/{1}"
_CONDITIONAL = "under a condition"


def lower_access(context: Context, key: str, domain: Value, native: Value, kind: str) -> Iterator[Node]:
    """The policies of one key: one for those who use it, one for those who administer it; none for nobody.

    Args:
        context: what the lowering reads.
        key: its element.
        domain: id of its domain.
        native: id of its service key.
        kind: its native type.
    """
    spec, groups = context.expanded.keys[key], context.settings.groups
    using = (one.removeprefix(GROUP) for one in context.expanded.users_of(key) if one.startswith(GROUP))
    for name, who, actions in (("use", using, USES[kind]), ("administration", spec.administrators, ADMINISTERS)):
        identities = sorted({urn for group in who for urn in members(groups, group)})
        if identities:
            yield Node(
                path=f"{key}/{name}",
                type=IAM_POLICY,
                provider=PROVIDER,
                properties={
                    # One name space for a whole account.
                    "name": shared_name(context, f"{key}/{name}"),
                    "identities": identities,
                    "resources": [text(_URN, domain, native)],
                    "allows": list(actions),
                    "denies": [],
                },
            )


@final
@dataclass
class Held:
    """Who may do what with one key."""

    users: set[str] = field(default_factory=set)
    administrators: set[str] = field(default_factory=set)


def observe_access(reader: Reader, keys: Iterable[Native]) -> dict[str, Held]:
    """By native path of a key, who uses and who administers it by the policies that there are."""
    found = {key.path: Held() for key in keys}
    by_name: dict[str, list[str]] = {}
    for path in found:
        for name in _names(reader, path):
            by_name.setdefault(name, []).append(path)
    for policy in reader.natives.of_type(IAM_POLICY):
        properties = policy.properties
        who = _who(reader, policy)
        # What a group of permissions holds, no plan and no state says: it counts as everything.
        everything = bool(listed(properties.get("permissionsGroups")))
        if everything:
            reader.remarks.add(f"{policy.path}: gives groups of permissions, whose actions are not known here")
        barred = [str(one) for name in ("excepts", "denies") for one in listed(properties.get(name))]
        allowed = [str(one) for one in listed(properties.get("allows"))]
        uses = everything or _allows(allowed, barred, _USING)
        changes = everything or _allows(allowed, barred, _CHANGING)
        for path in _meant(map(_written, listed(properties.get("resources"))), by_name):
            if uses:
                found[path].users |= who
            if changes:
                found[path].administrators |= who
    for path, held in found.items():
        for who_both in sorted(held.users & held.administrators):
            reader.remarks.add(f"{path}: {who_both} may both use and administer it")
    return found


def _meant(resources: Iterable[str], by_name: Mapping[str, list[str]]) -> set[str]:
    """Paths of the keys that the resources of a policy mean; only a pattern is held against every name."""
    found: set[str] = set()
    for one in resources:
        names = [name for name in by_name if fnmatchcase(name, one)] if "*" in one else [one]
        found.update(path for name in names for path in by_name.get(name, ()))
    return found


def _who(reader: Reader, policy: Native) -> set[str]:
    """Groups of the platform, and identities that are none of them; with the condition or end that their right has."""
    ids = {str(one) for one in listed(policy.properties.get("identities"))}
    known = reader.site.settings.groups
    whole = {name: some for name in known if (some := set(members(known, name))) and some <= ids}
    found = {f"{GROUP}{name}" for name in whole} | ids.difference(*whole.values())
    ends = policy.properties.get("expiredAt")
    words = [_CONDITIONAL] if policy.properties.get("conditions") else []
    words += [f"until {ends}"] if ends else []
    return {" ".join((one, *words)) for one in found}


def _allows(allowed: Collection[str], barred: Collection[str], actions: Iterable[str]) -> bool:
    return any(
        any(fnmatchcase(action, one) for one in allowed) and not any(fnmatchcase(action, one) for one in barred)
        for action in actions
    )


def _names(reader: Reader, path: str) -> set[str]:
    """Everything that a policy can call a key: its own URN and its domain's, in a plan's words and in a cloud's."""
    key = reader.natives.get(path)
    if key is None:
        return set()
    given = key.properties.get("okmsId")
    domain = reader.follow(given, DOMAIN)
    domains = {domain.path, domain.id} if domain is not None else {given if isinstance(given, str) else None}
    found = {_URN.format(place, one) for place in domains if place for one in (key.path, key.id) if one}
    return found | {name.split("/serviceKey/", 1)[0] for name in found}


def _written(value: Any) -> str:
    """A resource of a policy as text, with the paths of nodes where a plan refers to them."""
    if form_of(value) != "$format":
        return str(value)
    words = [one["$ref"] if form_of(one) == "$ref" else str(one) for one in value["args"]]
    template: str = value["$format"]
    return template.format(*words)
