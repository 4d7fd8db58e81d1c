"""An EC2-compatible server on this machine, for targets whose networks and machines are `hdh:ec2:*`.

moto from PyPI answers as Amazon's EC2 does, under the region, zones and images that the catalogue says of
the target. What it holds is in its memory only: it lives from `start` to `stop`, over as many deployments
as one likes, and a stopped one has forgotten everything, so that a stack that deployed into it needs a
`refresh` first. It checks no credentials, and no machine runs anything. Users and their keys are not its
own: the S3 server beside it must know them, so they are made there (see `environment`).
"""

from __future__ import annotations

from hdh_infra.sandbox.ec2.server import Image, Place, Running, Status, environment, start, status, stop

__all__ = ["Image", "Place", "Running", "Status", "environment", "start", "status", "stop"]
