"""How an S3 endpoint differs from S3: the closed set of words for it, and which of them our plugin is told.

A quirk is data of an offer with its source in the offer's page; code asks for a quirk and never for a cloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from pydantic import JsonValue

from hdh_infra.model.words import nearest

if TYPE_CHECKING:
    from hdh_infra.catalogue.schema import Offer


@final
@dataclass(frozen=True, slots=True)
class Quirk:
    """One way in which an endpoint may differ.

    Attributes:
        says: what it means.
        allowed: the values that it takes.
        told: whether the plugin is told it, as a setting of its provider by the same name.
    """

    says: str
    allowed: tuple[str | bool, ...]
    told: bool = False


_YES_NO: Final = (True, False)

QUIRKS: Mapping[str, Quirk] = {
    "addressingStyle": Quirk(
        "a bucket is asked for by a host name of its own, or in the path", ("auto", "path", "virtual"), told=True
    ),
    "checksum": Quirk(
        "whether checksums of its own are sent that nothing requires (botocore 1.36 and later)",
        ("when_required", "when_supported"),
        told=True,
    ),
    "contentMd5": Quirk(
        "required checksums go as Content-MD5, since it knows no newer ones (github.com/boto/boto3/issues/4392)",
        _YES_NO,
        told=True,
    ),
    "signature": Quirk(
        "how requests are signed: version 4; version 2; or, as Dell ECS wants it, version 2 but for lists and heads, which are of version 4 with an unsigned payload",
        ("v4", "v2", "v2-but-v4-for-lists"),
        told=True,
    ),
    "payloadSigning": Quirk("whether the body is signed too; TLS protects it where it is not", _YES_NO, told=True),
    "lifecycle": Quirk(
        "false: no rules of age may be set, whatever the endpoint accepts (no such call, or a contract forbids it)",
        _YES_NO,
        told=True,
    ),
    "objectLockMode": Quirk(
        "the only mode that a lock has, whatever is asked; without it there are both", ("compliance",), told=True
    ),
    "publicAccessBlock": Quirk("a bucket has a block of public access", _YES_NO),
    "tags": Quirk("a bucket has tags", _YES_NO),
    "logDelivery": Quirk("who delivers logs of access is let in by a policy or by an ACL", ("policy", "acl")),
}
"""Every quirk by its name. One that an offer does not state is S3's own behaviour."""


def check_quirks(quirks: Mapping[str, JsonValue]) -> str | None:
    """What is wrong with the quirks of an offer, with what is allowed; None if nothing is."""
    for name, value in quirks.items():
        known = QUIRKS.get(name)
        if known is None:
            return f"no quirk is {name!r}; {nearest(name, QUIRKS)}".rstrip("; ")
        # True is 1 in Python, and no word.
        if not any(value is one or (isinstance(one, str) and value == one) for one in known.allowed):
            allowed = ", ".join(str(one).lower() for one in known.allowed)
            return f"quirk {name} is {value!r}: it takes one of {allowed}"
    return None


def plugin_settings(offer: Offer) -> dict[str, Any]:
    """What our plugin is told of the endpoint: settings of its provider."""
    return {name: offer.quirks[name] for name, quirk in QUIRKS.items() if quirk.told and name in offer.quirks}
