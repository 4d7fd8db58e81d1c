"""What a deployment on Azure signs in with, and the least rights that it needs (docs/clouds/azure.md has why)."""

from __future__ import annotations

from hdh_infra.clouds.credentials import Right, Service, Way

_READ = "2026-11-25"
_PLACE = ("ARM_SUBSCRIPTION_ID", "ARM_TENANT_ID", "ARM_ENVIRONMENT")

SERVICES = (
    Service(
        name="Azure Resource Manager",
        serves="everything",
        packages=("azure-native:",),
        ways=(
            Way(
                "a service principal's certificate",
                ("ARM_CLIENT_ID", "ARM_CLIENT_CERTIFICATE_PATH", "ARM_TENANT_ID"),
                (*_PLACE, "ARM_CLIENT_CERTIFICATE_PASSWORD"),
            ),
            Way("a service principal's secret", ("ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_TENANT_ID"), _PLACE),
            Way(
                "a token of an identity provider (OIDC)",
                ("ARM_USE_OIDC", "ARM_CLIENT_ID", "ARM_TENANT_ID"),
                (*_PLACE, "ARM_OIDC_TOKEN", "ARM_OIDC_TOKEN_FILE_PATH", "ARM_OIDC_REQUEST_TOKEN", "ARM_OIDC_REQUEST_URL"),
                advised=True,
            ),
            Way("the machine's own identity", ("ARM_USE_MSI",), (*_PLACE, "ARM_MSI_ENDPOINT", "ARM_CLIENT_ID")),
            Way("the session of `az login`", ("AZURE_CONFIG_DIR",), _PLACE),
        ),
        remedy="Set ARM_CLIENT_ID, ARM_TENANT_ID, ARM_SUBSCRIPTION_ID and ARM_CLIENT_SECRET, or ARM_USE_OIDC; `az login` alone does as well where its folder is the usual one, which no variable says",
        source="pulumi.com/registry/packages/azure-native/installation-configuration",
        as_of=_READ,
        remarks={},
    ),
)  # fmt: skip
RIGHTS = (
    Right(
        "Azure Resource Manager",
        "Contributor",
        "the subscription, or its resource groups where these are named under `existing`",
        ("azure-native:",),
        "makes everything but rights",
        "docs/clouds/azure.md",
        _READ,
    ),
    Right(
        "Azure Resource Manager",
        "User Access Administrator",
        "the same",
        ("azure-native:authorization:",),
        "gives identities and groups their roles, and defines two: whoever may do this may give itself everything, so keep it for deployments",
        "docs/clouds/azure.md",
        _READ,
    ),
)
