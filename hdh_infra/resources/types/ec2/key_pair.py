"""`hdh:ec2:KeyPair`: the public half of a key, under a name; its id is the name.

No endpoint needs the private half, and none is made here. Most do not tell the public half again: the
state keeps it, and a fingerprint that is another one says that somebody put another key there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hdh_infra.resources.clients import code
from hdh_infra.resources.contract import Failure
from hdh_infra.resources.types.base import MARK_TAG, Call, ResourceError
from hdh_infra.resources.types.ec2.base import Ec2Type, first
from hdh_infra.resources.values import is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class KeyPair(Ec2Type):
    """A public key that new machines let in."""

    token: ClassVar[str] = "hdh:ec2:KeyPair"  # noqa: S105 - a type token
    noun, making, tagged = "key pair", "ImportKeyPair", "key-pair"
    kept: ClassVar[tuple[str, ...]] = ("publicKeyMaterial",)

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        """A public key, never a private one."""
        yield from super().check(inputs)
        material = inputs.get("publicKeyMaterial")
        if material is None or is_unknown(material):
            return
        if "PRIVATE KEY" in material:
            yield Failure("publicKeyMaterial", "is a private key: give the public half, and keep this one secret")
        elif not material.startswith(("ssh-", "ecdsa-")):
            yield Failure("publicKeyMaterial", "is no public key: write it as in authorized_keys (ssh-ed25519 AAAA...)")

    def identity(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """A name is there once."""
        return (inputs.get("keyName"),)

    def make(self, call: Call, inputs: dict[str, Any], tagging: dict[str, Any]) -> str:
        """Import it; one of this name that is not marked as ours may be another key."""
        try:
            call.clients.ec2.import_key_pair(
                KeyName=inputs["keyName"], PublicKeyMaterial=inputs["publicKeyMaterial"].encode(), **tagging
            )
        except Exception as error:
            if code(error) != "InvalidKeyPair.Duplicate":
                raise
            raise ResourceError(
                f"key pair {inputs['keyName']} exists and is not ours: choose another name, or remove it"
            ) from error
        return str(inputs["keyName"])

    def read(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """As the server has it; where the fingerprint is another, the key is not the one that the state knows."""
        found = super().read(call, identity, outputs)
        known = outputs.get("keyFingerprint")
        if found and known and found.get("keyFingerprint") != known:
            found["publicKeyMaterial"] = ""
        return found

    def look(self, call: Call, identity: str) -> dict[str, Any] | None:
        """By its name."""
        pair = _pair(call, identity)
        return pair and {
            "keyName": pair["KeyName"],
            "keyPairId": pair.get("KeyPairId"),
            "keyFingerprint": pair.get("KeyFingerprint"),
            "tags": pair.get("Tags"),
        }

    def remove(self, call: Call, identity: str, outputs: Mapping[str, Any]) -> None:
        """Remove it; machines that were made with it still let it in."""
        del outputs
        call.clients.ec2.delete_key_pair(KeyName=identity)

    def _begun(self, call: Call, inputs: Mapping[str, Any]) -> str | None:
        """By its name: the mark says whether this resource made it, and the token whether of this key."""
        found = _look_by_name(call, str(inputs["keyName"]))
        tags = {tag["Key"]: tag["Value"] for tag in (found or {}).get("Tags") or []}
        ours = tags.get(MARK_TAG) == call.mark and tags.get("hdh-token") == self.token_of(call, inputs)
        return str(inputs["keyName"]) if ours else None

    def _subject(self, identity: str, outputs: Mapping[str, Any]) -> str:
        """Tags hang on the id of a key, not on its name."""
        return str(outputs.get("keyPairId") or identity)


def _pair(call: Call, name: str) -> dict[str, Any] | None:
    pair: dict[str, Any] | None = first(call.clients.ec2.describe_key_pairs(KeyNames=[name])["KeyPairs"])
    return pair


def _look_by_name(call: Call, name: str) -> dict[str, Any] | None:
    try:
        return _pair(call, name)
    except Exception as error:
        if code(error).endswith("NotFound"):
            return None
        raise
