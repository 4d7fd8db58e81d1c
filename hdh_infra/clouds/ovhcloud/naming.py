"""Tokens of OVHcloud's own API; names and nodes of OpenStack are that cloud's."""

from __future__ import annotations

PROVIDER = "ovh"
VERSION = "2.22.0"
"""Of the ovh plugin, as the SDK package pins it."""
DOMAIN = "ovh:Okms/okms:Okms"
SERVICE_KEY = "ovh:Okms/serviceKey:ServiceKey"
IMPORTED_KEY = "ovh:Okms/serviceKeyJWK:ServiceKeyJWK"
USER = "ovh:CloudProject/user:User"
CREDENTIAL = "ovh:CloudProject/s3Credential:S3Credential"
POLICY = "ovh:CloudProject/s3Policy:S3Policy"
