"""What of finding one's way among native resources is Cloud Temple's own: a bucket of its provider, and one region."""

from __future__ import annotations

from collections.abc import Sequence

from hdh_infra.clouds import reading
from hdh_infra.clouds.cloudtemple.naming import BUCKET
from hdh_infra.clouds.values import looked_up
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value
from hdh_infra.model.scales import Spread


class Reader(reading.Reader):
    """The native resources of one deployment, with what the catalogue says of its site."""

    bucket_type = BUCKET
    bucket_property = "name"

    def family(self, machine: Native) -> str | None:
        """The family of a machine's template: by the name that a plan looks up, and that the cloud tells."""
        name = looked_up(machine.properties.get("templateId")) or machine.properties.get("templateName")
        return self.families.get(str(name))

    def spread(self, machines: Sequence[Native]) -> Spread:
        """Whether machines stand in different availability zones: by the name that a plan looks up, and that the cloud tells."""
        zones = [
            looked_up(one.properties.get("availabilityZoneId")) or one.properties.get("availabilityZoneName")
            for one in machines
        ]
        return Spread.zones if all(zones) and len(set(zones)) > 1 else Spread.none

    def region(self, native: Native, service: str = "compute") -> str:
        """Where a resource lies: there is one region."""
        del native, service
        return self.site.region.name


def is_on(machine: Native) -> bool:
    """Whether a machine runs: it does unless it is told to be off."""
    return machine.properties.get("powerState") != "off"


def place_of(value: Value) -> str:
    """What tells one network from another: the name that a plan looks up, or the id that stands there."""
    return str(looked_up(value) or value)
