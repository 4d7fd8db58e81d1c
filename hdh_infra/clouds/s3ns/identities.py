"""Who acts: the service account of each machine, and the agents under which Google's own services use a key.

A machine has an account of its own and never the project's default one, which is an editor of the whole project in many
organisations. Without an identity it still has one, for the rules know it by that, and no scope: it gets no token of it.
Sources, read 2026-11-25: documentation.s3ns.fr/docs/overview/tpc-key-differences (domains of accounts and agents),
cloud.google.com/compute/docs/access/service-accounts, documentation.s3ns.fr/compute/docs/disks/customer-managed-encryption.
"""

from __future__ import annotations

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.s3ns.naming import ACCOUNT, AGENT, GET_STORAGE_AGENT, PROVIDER, account_name, make
from hdh_infra.clouds.s3ns.rules import account_path
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import Value, lookup, ref
from hdh_infra.model.paths import GROUP, PLATFORM

DISK_AGENT = f"{PLATFORM}/disk-agent"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""Of all APIs: rights say what of them. Scopes have Google's own names in this cloud too."""


def lower_account(context: Context, machine: str) -> Node:
    """The account of one machine element; all its replicas act under it."""
    return make(
        context,
        account_path(machine),
        ACCOUNT,
        {
            "accountId": account_name(context, machine),
            "displayName": machine[:100],
            "disabled": False,
            # One that somebody else made is none of ours.
            "createIgnoreAlreadyExists": False,
        },
        outputs=("email", "member"),
    )


def lower_disk_agent(context: Context) -> Node:
    """The agent under which Compute Engine uses a key for disks: it is there once it is asked for."""
    return make(context, DISK_AGENT, AGENT, {"service": "compute.googleapis.com"}, outputs=("member",))


def disk_agent() -> Value:
    """Compute Engine's agent, as a right names it."""
    return ref(DISK_AGENT, "member")


def storage_agent() -> Value:
    """Cloud Storage's agent, as a right names it; asking for it makes it."""
    return lookup(GET_STORAGE_AGENT, {}, "member", PROVIDER)


def principal(context: Context, who: str) -> Value | None:
    """A machine or group as a right names it; None of whom this cloud does not know."""
    if who.startswith(GROUP):
        return context.settings.groups.get(who.removeprefix(GROUP))
    machine = context.expanded.machines.get(who)
    return ref(account_path(who), "member") if machine is not None and machine.identity else None
