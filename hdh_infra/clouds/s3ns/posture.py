"""What a reader should know that no attribute of the model says: settings that weaken an element, as remarks.

A table: type, property, what it must be, what Google takes where it is not stated, and the remark where it is another. A deployment as
lowered gives no remark. The table judges nothing; it says what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hdh_infra.clouds.s3ns.naming import ACCOUNT, BUCKET, DISK, FIREWALL, INSTANCE, KEY, NETWORK, ROUTE, SUBNET, ZONE
from hdh_infra.clouds.s3ns.reading import Reader, got, is_beside, listed


@dataclass(frozen=True, slots=True)
class Expectation:
    """One setting; `values` are those that give no remark, the first is the one that is lowered."""

    kind: str
    path: str
    values: tuple[Any, ...]
    default: Any
    """What Google takes where the property is not stated."""
    remark: str


_ON, _OFF, _NONE = (True,), (False,), (None,)
_SAID, _UNSAID = ("TRUE", "true", "1", "Y"), ("FALSE", "false", "0", "N")
EXPECTATIONS: tuple[Expectation, ...] = (
    Expectation(NETWORK, "autoCreateSubnetworks", _OFF, True, "has a subnet in every region, with ranges of Google's choice"),
    Expectation(NETWORK, "deleteDefaultRoutesOnCreate", _ON, False, "has Google's own route to the Internet"),
    Expectation(NETWORK, "networkFirewallPolicyEnforcementOrder", ("AFTER_CLASSIC_FIREWALL",), "AFTER_CLASSIC_FIREWALL", "has policies that are looked at before its rules"),
    Expectation(NETWORK, "enableUlaInternalIpv6", _OFF, False, "has addresses of IPv6, which no rule here speaks of"),
    Expectation(SUBNET, "stackType", ("IPV4_ONLY",), "IPV4_ONLY", "has addresses of IPv6, which no rule here speaks of"),
    Expectation(SUBNET, "privateIpGoogleAccess", _ON, False, "has no way to the APIs without a public address"),
    Expectation(FIREWALL, "disabled", _OFF, False, "is a rule that is switched off"),
    Expectation(INSTANCE, "canIpForward", _OFF, False, "passes packets of others on"),
    Expectation(INSTANCE, "enableDisplay", _OFF, False, "has a screen"),
    Expectation(INSTANCE, "shieldedInstanceConfig.enableSecureBoot", _ON, False, "starts unsigned systems"),
    Expectation(INSTANCE, "shieldedInstanceConfig.enableVtpm", _ON, True, "has no trusted platform module"),
    Expectation(INSTANCE, "shieldedInstanceConfig.enableIntegrityMonitoring", _ON, True, "starts without a measured boot"),
    Expectation(INSTANCE, "metadata.block-project-ssh-keys", _SAID, "FALSE", "takes keys of the whole project"),
    Expectation(INSTANCE, "metadata.serial-port-enable", _UNSAID, "FALSE", "takes input on its serial console"),
    Expectation(INSTANCE, "metadata.enable-oslogin", _UNSAID, "FALSE", "lets people in by Google's own accounts"),
    Expectation(INSTANCE, "metadata.enable-guest-attributes", _UNSAID, "FALSE", "writes data that whoever views the project reads"),
    Expectation(INSTANCE, "metadata.disable-legacy-endpoints", _SAID, "TRUE", "answers requests for tokens that anything may send"),
    Expectation(INSTANCE, "metadata.startup-script", _NONE, None, "runs a script at every start"),
    Expectation(INSTANCE, "metadata.startup-script-url", _NONE, None, "runs a script from elsewhere at every start"),
    Expectation(INSTANCE, "metadataStartupScript", _NONE, None, "runs a script at every start"),
    Expectation(INSTANCE, "scheduling.preemptible", _OFF, False, "can be stopped by the cloud at any time"),
    Expectation(INSTANCE, "scheduling.provisioningModel", ("STANDARD",), "STANDARD", "can be stopped by the cloud at any time"),
    Expectation(DISK, "multiWriter", _OFF, False, "can be attached to several machines at once"),
    Expectation(DISK, "accessMode", ("READ_WRITE_SINGLE",), "READ_WRITE_SINGLE", "can be attached to several machines at once"),
    Expectation(BUCKET, "uniformBucketLevelAccess", _ON, False, "has lists of rights on single objects, which were not read"),
    Expectation(BUCKET, "publicAccessPrevention", ("enforced",), "inherited", "may be opened to everybody by a right"),
    Expectation(BUCKET, "ipFilter.mode", ("Enabled",), None, "answers whoever has a right from any network"),
    Expectation(BUCKET, "ipFilter.allowCrossOrgVpcs", _OFF, False, "lets networks of other organisations in"),
    Expectation(BUCKET, "ipFilter.allowAllServiceAgentAccess", _OFF, False, "lets Google's own services past its filter of sources"),
    Expectation(BUCKET, "requesterPays", _OFF, False, "asks who reads for their own project"),
    Expectation(BUCKET, "website", _NONE, None, "is served as a web site"),
    Expectation(BUCKET, "cors", _NONE, None, "lets pages of other sites read it in a browser"),
    Expectation(BUCKET, "forceDestroy", _OFF, False, "goes with all that it holds when it is deleted"),
    Expectation(KEY, "purpose", ("ENCRYPT_DECRYPT",), "ENCRYPT_DECRYPT", "is for something else than encrypting"),
    Expectation(ACCOUNT, "disabled", _OFF, False, "is switched off: whatever acts under it may do nothing"),
    Expectation(ACCOUNT, "createIgnoreAlreadyExists", _OFF, False, "may have been made by somebody else"),
    Expectation(ZONE, "visibility", ("private",), "public", "answers names to everybody"),
    Expectation(ZONE, "forwardingConfig", _NONE, None, "asks servers of names elsewhere"),
    Expectation(ZONE, "peeringConfig", _NONE, None, "asks the names of another network"),
)  # fmt: skip


def observe_posture(reader: Reader) -> Iterator[str]:
    """Every remark, by the native path that it is about."""
    for one in EXPECTATIONS:
        for native in reader.natives.of_type(one.kind):
            if not native.properties:
                continue  # named and not made
            found = got(native, one.path, one.default)
            if found not in one.values and not (found in ([], {}, "") and None in one.values):
                yield f"{native.path}: {one.remark}"
    # A route knows machines by nothing else, and that of a bastion or proxy is for it alone.
    routed = {tag for route in reader.natives.of_type(ROUTE) for tag in listed(route.properties.get("tags"))}
    for server in reader.natives.of_type(INSTANCE):
        if not (server.properties.get("serviceAccount") or {}).get("email"):
            yield f"{server.path}: has no account of its own"
        if set(listed(server.properties.get("tags"))) - (routed if is_beside(server) else set()):
            yield f"{server.path}: has network tags, which whoever edits it can change"
    for rule in reader.natives.of_type(FIREWALL):
        if listed(rule.properties.get("targetTags")) or listed(rule.properties.get("sourceTags")):
            yield f"{rule.path}: knows machines by network tags, which whoever edits a machine can change"
