"""Where keys have their paths, which key a store is under, and the condition that means one key only."""

from __future__ import annotations

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.scaleway.naming import KEY
from hdh_infra.clouds.scaleway.reading import Reader
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, form_of, ref, text
from hdh_infra.model.scales import Encryption, KeyAlgorithm

KEY_PATH = "key"
"""Below its element."""


def key_base(context: Context, store: str) -> str | None:
    """What the node of a store's key is pathed under; None where Scaleway's own is enough, or the key is a pair, which no bucket takes.

    Scaleway keeps no key for each tenant: a floor of `tenant-key` names no key of the platform, so the store gets one of
    its own, which is more than was asked.
    """
    key = context.expanded.key_of(store)
    own = context.expanded.stores[store].encryption is Encryption.tenant_key
    if key is None:
        return store if own else None
    return key if context.expanded.keys[key].algorithm in {None, KeyAlgorithm.aes_256} else None


def only(context: Context, path: str) -> Value:
    """The condition of a rule that means one key (pages/iam/reference-content/policy-conditions, 2026-07-13: resource.id is the bare id)."""
    return text(f'"{context.site.region.name}/" + resource.id == "{{0}}"', ref(path))


def meant(reader: Reader, condition: Value, keys: dict[str, Native]) -> list[Native] | None:
    """The keys that a rule's condition narrows it to; None for one that is not known to narrow it.

    Args:
        reader: the native resources.
        condition: of the rule.
        keys: by what a plan or a cloud calls each.
    """
    if form_of(condition) == "$format":
        named = reader.follow(condition, KEY)
        return [named] if named is not None and _is_ours(str(condition["$format"]).replace("{0}", "")) else None
    if not isinstance(condition, str):
        return None
    words, _, rest = condition.partition(' == "')
    if not rest.endswith('"') or not _is_ours(f'{words} == ""'):
        return None
    found = keys.get(rest[:-1])
    return [found] if found is not None else []


def _is_ours(words: str) -> bool:
    """Whether a condition, without the id, compares a whole id with one text and does nothing else."""
    head, _, tail = words.partition("/")
    return head.startswith('"') and tail == '" + resource.id == ""'
