"""Keys in Key Manager, who uses and who administers each by policies of IAM, and reading them back.

Rotation is for symmetric keys, from a day to a year (terraform-provider-scaleway internal/services/keymanager/key_resource.go); a
deleted key can be had back for seven days (pages/key-manager/faq.mdx, 2025-12-19). Key Manager knows users, groups and applications
of IAM only: a machine uses a key by an application of its own, whose API key a person puts into it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import native_name, shared_name
from hdh_infra.clouds.scaleway.identities import home_of
from hdh_infra.clouds.scaleway.key_access import Held
from hdh_infra.clouds.scaleway.key_paths import KEY_PATH, key_base, only
from hdh_infra.clouds.scaleway.naming import API_KEY, APPLICATION, KEY, POLICY, make, project
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.plan import ManualStep
from hdh_infra.graph.values import Value, ref
from hdh_infra.model.elements import Key
from hdh_infra.model.expand import Expanded
from hdh_infra.model.links import owner_of
from hdh_infra.model.paths import GROUP, PLATFORM, kind_of, matches, network_path
from hdh_infra.model.scales import KeyAlgorithm, KeyOrigin, Protection

USES = ("KeyManagerKeyDecrypt", "KeyManagerKeyEncrypt")
ADMINISTERS = ("KeyManagerKeyDelete", "KeyManagerKeyRestore", "KeyManagerKeyWrite")
LONGEST_ROTATION = 365
"""Days."""
_ORIGINS = {"scaleway_kms": KeyOrigin.generated, "external": KeyOrigin.imported}
_MADE, _BROUGHT = "scaleway_kms", "external"
_USAGES = {
    "aes_256_gcm": KeyAlgorithm.aes_256,
    "rsa_oaep_2048_sha256": KeyAlgorithm.rsa_2048,
    "rsa_oaep_3072_sha256": KeyAlgorithm.rsa_3072,
    "rsa_oaep_4096_sha256": KeyAlgorithm.rsa_4096,
}


def lower_key(context: Context, path: str) -> Iterator[Node]:
    """One key of the platform, and the policies of the groups that use or administer it."""
    spec, existing = context.expanded.keys[path], context.existing(path)
    if existing is not None and not existing.adopt:
        yield make(context, f"{path}/{KEY_PATH}", KEY, {}, existing=existing.id)
    else:
        yield _key(context, path, spec, adopt=existing.id if existing else None)
    using = [one.removeprefix(GROUP) for one in context.expanded.users_of(path) if one.startswith(GROUP)]
    for word, names, sets in (("use", using, USES), ("administration", spec.administrators, ADMINISTERS)):
        for name in sorted(set(names) & context.settings.groups.keys()):
            base = f"{path}/{word}/{name}"
            yield _policy(context, base, {"groupId": context.settings.groups[name]}, sets, [path])


def lower_own_key(context: Context, store: str) -> Iterator[Node]:
    """The key that a store has of its own, where it asks for one of each tenant."""
    if key_base(context, store) == store:
        yield _key(context, store, Key(), adopt=None)


def _key(context: Context, path: str, spec: Key, *, adopt: str | None) -> Node:
    algorithm = spec.algorithm or KeyAlgorithm.aes_256
    symmetric = algorithm is KeyAlgorithm.aes_256
    word = next(native for native, ours in _USAGES.items() if ours is algorithm)
    properties: dict[str, Value] = {
        "name": native_name(context, path),
        "usage": "symmetric_encryption" if symmetric else "asymmetric_encryption",
        "algorithm": word,
        "origin": _BROUGHT if spec.origin is KeyOrigin.imported else _MADE,
        # A protected key cannot be deleted, also by this stack when the platform ends; the engine's own protection stands before it.
        "unprotected": True,
    }
    if spec.protection is Protection.hsm:
        properties["protectionLevel"] = "hsm"
    if symmetric and spec.rotation_days:
        properties["rotationPolicy"] = {"rotationPeriod": f"{min(spec.rotation_days, LONGEST_ROTATION) * 24}h"}
    return make(
        context,
        f"{path}/{KEY_PATH}",
        KEY,
        properties,
        protect=True,
        adopt=adopt,
    )


def _policy(context: Context, path: str, who: dict[str, Value], sets: tuple[str, ...], keys: list[str]) -> Node:
    """What somebody may do with some keys, one rule a key."""
    return make(
        context,
        path,
        POLICY,
        {
            "name": shared_name(context, path),
            "description": "What may be done with keys of the platform, each by its id",
            **who,
            "rules": [
                {
                    "projectIds": [project(context)],
                    "permissionSetNames": list(sets),
                    "condition": only(context, f"{key}/{KEY_PATH}"),
                }
                for key in keys
            ],
        },
    )


_latest: list[tuple[Expanded, dict[str, dict[str, list[str]]]]] = []
"""By network and machine the keys that it is given, of the platform that is being lowered."""


def _uses(expanded: Expanded) -> dict[str, dict[str, list[str]]]:
    """By whose nodes they are, and by machine, the keys that machines use themselves: those that name it, and those of what it encrypts."""
    if _latest and _latest[0][0] is expanded:
        return _latest[0][1]
    found: dict[str, dict[str, set[str]]] = {}
    for key, spec in expanded.keys.items():
        for who in expanded.users_of(key):
            named = any(matches(one, who) or matches(one, network_path(who) or "") for one in spec.users)
            if who in expanded.machines and named:
                found.setdefault(owner_of(who, key), {}).setdefault(who, set()).add(key)
    for store, described in expanded.stores.items():
        key_of = expanded.key_of(store) if described.client_side else None
        for right in expanded.rights_on.get(store, ()) if key_of else ():
            if right.principal in expanded.machines:
                found.setdefault(right.owner, {}).setdefault(right.principal, set()).add(str(key_of))
    _latest[:] = [
        (expanded, {owner: {who: sorted(keys) for who, keys in some.items()} for owner, some in found.items()})
    ]
    return _latest[0][1]


def lower_key_users(context: Context, network: str) -> Iterator[Node]:
    """What a network gives machines for the keys that they use themselves: an application each, an API key and a policy."""
    for machine, keys in sorted(_uses(context.expanded).get(network, {}).items()):
        if not context.expanded.machines[machine].identity:
            continue
        base = f"{home_of(network, machine)}/keys"
        yield make(
            context,
            f"{base}/application",
            APPLICATION,
            {"name": shared_name(context, base), "description": f"Uses keys for {machine}"},
        )
        yield make(
            context,
            f"{base}/api-key",
            API_KEY,
            {
                "applicationId": ref(f"{base}/application"),
                "defaultProjectId": project(context),
                "description": f"{machine} for keys",
            },
            outputs=("accessKey", "secretKey"),
            secret=("secretKey",),
        )
        yield _policy(context, f"{base}/policy", {"applicationId": ref(f"{base}/application")}, USES, keys)


def manual_key_users(context: Context) -> Iterator[ManualStep]:
    """Putting the API keys for keys into machines, and material into keys that are brought."""
    for network, machines in sorted(_uses(context.expanded).items()):
        for machine in sorted(machines):
            if context.expanded.machines[machine].identity:
                yield ManualStep(
                    what=f"put the API key {home_of(network, machine)}/keys/api-key into {machine}, and nowhere else",
                    who="the administrator of the machine",
                    command="pulumi stack export --show-secrets, read accessKey and secretKey, and write them to /etc/hdh/keys there (mode 0600)",
                    proof="the machine encrypts and decrypts with its key; with another key of the project it is refused",
                )
    for path, spec in context.expanded.keys.items():
        if spec.origin is KeyOrigin.imported and context.existing(path) is None:
            yield ManualStep(
                what=f"bring the material of {path}, which works for nobody before that",
                who="the keeper of the key's material",
                command=f"scw keymanager key import-key-material KEY key-material=BASE64, where KEY is the id of {path}/{KEY_PATH}",
                proof="`scw keymanager key get KEY` has the state enabled",
            )


def observe_keys(reader: Reader, access: dict[str, Held]) -> dict[str, dict[str, Any]]:
    """Every key element.

    Args:
        reader: the native resources.
        access: by native path of a key, who may do what with it.
    """
    # A store's own key is no element.
    own = frozenset(native.path for native in reader.natives.of_type(KEY) if _is_of_store(native))
    return {
        element: _observed(reader, natives, [access[native.path] for native in natives])
        for element, natives in reader.elements(KEY, "key", own).items()
    }


def _is_of_store(native: Native) -> bool:
    return native.element != PLATFORM and kind_of(native.element) == "store"


def _observed(reader: Reader, natives: list[Native], held: list[Held]) -> dict[str, Any]:
    properties = natives[0].properties
    # Of a key that is named and not made a plan shows nothing.
    seen = bool(properties.get("usage"))
    level, origin = properties.get("protectionLevel"), _ORIGINS.get(str(properties.get("origin") or _MADE))
    return {
        "kind": "key",
        "protection": (str(Protection.hsm) if level == "hsm" else str(Protection.software)) if seen else None,
        "origin": str(origin) if seen and origin else None,
        "algorithm": _algorithm(properties.get("algorithm")),
        "rotation_days": _days(properties.get("rotationPolicy")),
        "custody": None,
        "grace_days": None,
        "users": sorted(set().union(*(one.users for one in held))),
        "administrators": sorted(set().union(*(one.administrators for one in held))),
        "exportable": None,
        "use_log": False,
        **reader.place(natives),
        "native": reader.paths(natives[0].element),
    }


def _algorithm(word: Any) -> str | None:
    found = _USAGES.get(str(word))
    return str(found) if found is not None else None


def _days(policy: Any) -> int | None:
    """Days of a rotation policy, whose period is written as Go does: `8760h0m0s`."""
    period = str((policy or {}).get("rotationPeriod") or "") if isinstance(policy, dict) or policy is None else ""
    hours, mark, _ = period.partition("h")
    return int(hours) // 24 if mark and hours.isdigit() else None
