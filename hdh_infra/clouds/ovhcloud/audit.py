"""What OVHcloud logs and no resource can ask for: the key service's log and the account's own, which go to Logs Data Platform.

pulumi_ovh 2.22.0 has log subscriptions of databases, load balancers and Kubernetes, and none of the key service or the
account (ovh/terraform-provider-ovh issues 1253 of 2026-03-17 and 1013 of 2025-06-11, both open); the calls are there. A stream's
archives lie in the platform's own cold storage, which takes no object lock: so a machine carries them into the audit store.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.graph.plan import ManualStep

ACCOUNT_LOGS = ("/me/logs/audit/log/subscription", "/me/api/log/subscription", "/iam/log/subscription")
"""Sign-ins and changes of the account, calls of its API, decisions on rights (docs.ovhcloud.com iam-logs-forwarding, 2025-02-11)."""
_WHO = "the owner of the account"


def manual_audit(context: Context) -> Iterator[ManualStep]:
    """What the owner of the account does for each part of the audit that is asked and that no resource answers."""
    audit, asked = context.expanded.platform.audit, context.expanded.audit
    if audit is None:
        return
    carry = f"a machine that may append to {audit.store} carries the stream's archives there each day"
    if "keys" in asked and context.expanded.keys:
        yield ManualStep(
            what=f"send the log of the key service to a stream of Logs Data Platform, and its archives into {audit.store}",
            who=_WHO,
            command=f"OVHcloud API v2: POST /okms/resource/OKMS/log/subscription, for each kind that GET /okms/resource/OKMS/log/kind names; {carry}",
            proof="an hour after a key was used the stream names the identity, the operation and the key; a day after, the audit store does",
        )
    if "administration" in asked:
        yield ManualStep(
            what=f"send the account's logs to a stream of Logs Data Platform, and its archives into {audit.store}",
            who=_WHO,
            command=f"OVHcloud API: POST {', '.join(ACCOUNT_LOGS)}; {carry}",
            proof="a sign-in and a refused call stand in the stream an hour later; calls to the OpenStack API do not, and that stays so",
        )
