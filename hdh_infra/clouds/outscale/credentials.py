"""What a deployment on OUTSCALE signs in with, and the least rights that it needs.

EIM users act on FCU and EIM; object storage takes keys of accounts only. One key of the account would do for both, and may do
everything: so the two have variables of their own.
"""

from __future__ import annotations

from hdh_infra.clouds.credentials import Right, Service, Way

_READ = "2026-11-25"
_USERGUIDE = "docs.outscale.com/en/userguide"

OUTSCALE = Service(
    name="OUTSCALE",
    serves="Nets, filters, VMs, volumes, and buckets of OOS",
    packages=("hdh:ec2:", "hdh:s3:"),
    ways=(
        Way(
            "an access key",
            ("AWS_ACCESS_KEY_ID|OSC_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY|OSC_SECRET_KEY"),
            ("OSC_REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL"),
            advised=True,
        ),
    ),
    remedy="Make an access key of the account that owns the platform (Cockpit, or osc-cli api CreateAccessKey) and set OSC_ACCESS_KEY and OSC_SECRET_KEY",
    source=f"{_USERGUIDE}/About-EIM.html: EIM is not compatible with OOS; terraform-provider-outscale v1.8.0 docs: OSC_*; docs/resources.md",
    as_of=_READ,
    remarks={
        "OSC_PROFILE": "our plugin reads no profile and no ~/.osc/config.json",
        "AWS_SESSION_TOKEN": "our plugin takes no session token",
    },
)  # fmt: skip
SERVICES = (OUTSCALE,)

RIGHTS = (
    Right(
        "OUTSCALE",
        "ec2:*Vpc*, ec2:*Subnet*, ec2:*Route*, ec2:*InternetGateway*, ec2:*NatGateway*, ec2:*Address*, ec2:*SecurityGroup*, ec2:*Instance*, ec2:*Volume*, ec2:*Tags, ec2:Describe*",
        "the account",
        ("hdh:ec2:",),
        "makes Nets and what hangs on them, filters, VMs and volumes; an EIM policy can hold a user to these",
        f"{_USERGUIDE}/EIM-Policy-Elements.html: the code of FCU is ec2",
        _READ,
    ),
    Right(
        "OUTSCALE",
        "the account itself",
        "the buckets of the account",
        ("hdh:s3:",),
        "makes buckets and reads them back; EIM cannot narrow it, so keep this key for deployments, and the platform in an account of its own",
        f"{_USERGUIDE}/About-EIM.html",
        _READ,
    ),
)
TOO_MUCH: dict[str, str] = {}
"""Roles that a deployment should not have: OUTSCALE's keys carry none that could be looked for."""
