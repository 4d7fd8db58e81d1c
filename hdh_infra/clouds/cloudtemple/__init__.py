"""Cloud Temple: what a platform becomes with its own Terraform provider under Pulumi's dynamic bridge, and how that is read back.

Names: `naming`; machines, their adapters and disks: `compute`; stores, accounts and rights: `storage`. Reading back: `reading`,
`traffic`. All together: `cloud`. Networks are made by hand: the provider only reads them. Wire names are those that the
bridge makes of Cloud-Temple/terraform-provider-cloudtemple 1.10.0 (`contracts/data/cloudtemple.json`).
"""

from __future__ import annotations

from hdh_infra.clouds.cloudtemple.cloud import CLOUD

__all__ = ["CLOUD"]
