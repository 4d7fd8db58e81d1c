"""What Audit Trail records and no resource can ask for: an export of it into a locked bucket, once a region.

pulumiverse_scaleway 1.60.0 has a reading of single events and nothing that makes an export
(scaleway/docs-content pages/audit-trail/how-to/manage-adt-export.mdx, 2025-11-13).
"""

from __future__ import annotations

from collections.abc import Iterator

from hdh_infra.clouds.base import Context
from hdh_infra.graph.plan import ManualStep


def manual_audit(context: Context) -> Iterator[ManualStep]:
    """The export, where uses of keys or administration are asked to be kept."""
    audit, asked = context.expanded.platform.audit, context.expanded.audit
    if audit is None or not asked & {"keys", "administration"}:
        return
    yield ManualStep(
        what=f"make Audit Trail's export of {context.site.region.name} into a bucket with an object lock, the audit store ({audit.store}) or one of its own: records of keys, IAM, networks, gateways and machines; those of buckets, volumes and GPU machines it has not",
        who="the owner of the organisation",
        command="scw audit-trail export-job create name=audit s3.bucket=BUCKET s3.region=REGION s3.project-id=PROJECT",
        proof="a day after a key was used, the bucket has a file that names who used it",
    )
