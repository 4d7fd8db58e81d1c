"""NumSpot: what a platform becomes with its own Terraform provider under Pulumi's dynamic bridge, and how that is read back.

Names: `naming`; networks and ways out: `network`; filters: `rules`; machines and their disks: `compute`; stores:
`storage`. Reading back: `reading`, `wires`, `traffic`. All together: `cloud`. Wire names are those that the bridge makes
of numspot/terraform-provider-numspot 1.7.3 (`contracts/data/numspot.json`).
"""

from __future__ import annotations

from hdh_infra.clouds.numspot.cloud import CLOUD

__all__ = ["CLOUD"]
