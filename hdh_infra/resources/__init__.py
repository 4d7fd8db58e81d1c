"""Our own Pulumi provider `hdh`: buckets of any S3 endpoint, and users, keys and policies of any IAM endpoint.

The rest of the library asks two things of this package: `install`, which makes the plugin known to an
engine, and `contract.json`, which says what each type takes and gives. It deliberately knows nothing of
platforms, zones or clouds, and importing it loads neither boto3 nor gRPC.
"""

from __future__ import annotations

from hdh_infra.resources.contract import PACKAGE, VERSION
from hdh_infra.resources.install import install

__all__ = ["PACKAGE", "VERSION", "install"]
