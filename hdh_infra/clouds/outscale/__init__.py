"""OUTSCALE: what a platform becomes on its EC2-compatible API (FCU) and its object storage (OOS), and how that is read back.

Names: `naming`; Nets and the ways between them: `network`; filters: `rules`; stores: `storage`,
and who opens them: `identities`; keys, of which there are none: `keys`; machines: `compute`. Reading back: `reading`, `wires`,
`traffic`. All together: `cloud`. Wire names are those of our own plugin.
"""

from __future__ import annotations

from hdh_infra.clouds.outscale.cloud import CLOUD

__all__ = ["CLOUD"]
