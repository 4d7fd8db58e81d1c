"""A real S3 server on this machine, with users whose rights hold and keys that matter.

SeaweedFS from PyPI serves S3 and IAM on one port; a key service of our own serves the keys of `aws:kms`
encryption, so that an unknown key is an error and a deleted key makes its objects unreadable. Users,
access keys and policies are deliberately not made here: the plan makes them, through the IAM port, with
the deployer's credentials that `environment` gives.
"""

from __future__ import annotations

from hdh_infra.sandbox.s3.box import DEFAULT_BASE_PORT, Ports
from hdh_infra.sandbox.s3.server import Running, Status, environment, start, status, stop

__all__ = ["DEFAULT_BASE_PORT", "Ports", "Running", "Status", "environment", "start", "status", "stop"]
