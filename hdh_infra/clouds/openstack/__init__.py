"""OpenStack: what a platform becomes on Neutron, Nova, Cinder and Barbican with an S3 endpoint, and how that is read back.

Names: `naming`; networks and the router: `network`; filters: `rules`; the entry for people: `bastion`, and what it is told: `clouds.hardening`; names
of machines: `names`; stores: `storage`; keys: `keys`; machines:
`compute`, their disks `disks` (their first start is that of every cloud, `clouds.startup`); credentials and rights: `identities`, and what their policies
say: `documents`; what patterns could ask: `crossing`. Reading back: `reading`,
`wires`, `traffic`. All together: `cloud`. Wire names are those of pulumi-openstack. Clouds that derive from it replace single functions.
"""

from __future__ import annotations

from hdh_infra.clouds.openstack.cloud import CLOUD

__all__ = ["CLOUD"]
