"""Native names by one form, for the clouds whose resources may have any name of letters, digits and hyphens.

Tokens of types, and the node that each file of a cloud builds, are that cloud's own `naming`.
"""

from __future__ import annotations

import hashlib

from hdh_infra.clouds.base import Context

NAME_LENGTH = 63
"""Of a bucket, and of a server where its name is its host name. Kept for all, so that names look alike."""
_DIGEST = 6


def plugin_tags(context: Context) -> dict[str, str]:
    """The platform's tags as our own plugin takes them, which keeps keys that start with `hdh-` for itself."""
    return {key.removeprefix("hdh-"): value for key, value in context.tags.items()}


def dashed(path: str) -> str:
    """A path as part of a native name."""
    return path.replace("/", "-")


def dotted(path: str) -> str:
    """A path as one part of another path."""
    return path.replace("/", ".")


def shortened(name: str, limit: int = NAME_LENGTH) -> str:
    """The name, or its beginning with a digest of all of it where it is too long."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: limit - len(digest) - 1].rstrip('-')}-{digest}"


def native_name(context: Context, path: str) -> str:
    """Name of a resource within its project or account, by the spec's pattern or with the platform in it, for one may hold several."""
    return shortened(context.named(path, f"{context.name}-{dashed(path)}"))


def shared_name(context: Context, path: str) -> str:
    """Name of what a service keeps for all platforms alike: where it is the spec's own, the lock's letters tell it apart."""
    default = f"{context.name}-{dashed(path)}"
    words = context.named(path, default)
    return shortened(words) if words == default else with_letters(context, words, path)


def bucket_name(context: Context, store: str) -> str:
    """Name of a store's bucket: shared with a region or the whole world, so the lock's salt is in it."""
    return with_letters(context, context.named(store, "-".join((context.name, *store.split("/")[1::2]))), store)


def with_letters(context: Context, words: str, path: str, limit: int = NAME_LENGTH) -> str:
    """Words with the lock's letters for an element behind them, so that they are nobody else's."""
    short = context.short(path)
    return f"{shortened(words, limit - len(short) - 1)}-{short}"
