"""What is worked out of a whole platform and looks at no single space, so that what is shared is the same with one space more (law 4)."""

from __future__ import annotations

from hdh_infra.clouds.base import Context
from hdh_infra.model.settings import is_host


def services_range(context: Context) -> str:
    """Addresses of the APIs that VPC Service Controls can guard (`restricted.s3nsapis.fr`), announced to no Internet."""
    return str(context.site.offer.native["restricted_range"])


def outside_ranges(context: Context) -> tuple[str, ...]:
    """Address ranges outside that the description lets anybody out to."""
    return tuple(sorted({one.to for one in context.expanded.platform.egress if not is_host(one.to)}))


def administers(context: Context) -> bool:
    """Whether the platform's keys or the spaces' defaults name somebody who administers keys."""
    platform = context.expanded.platform
    default = platform.spaces.defaults.key
    return bool(
        any(key.administrators for key in platform.keys.values()) or (default is not None and default.administrators)
    )
