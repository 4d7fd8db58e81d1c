"""A target: the cloud, the offer of it and the region that a platform is deployed to."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TARGET = re.compile(r"(?P<cloud>[a-z0-9]+)(/(?P<offer>[a-z0-9-]+))?:(?P<region>[A-Za-z0-9-]+)")


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """`azure:francecentral`, `ovhcloud/snc:RBX`: without an offer it is the cloud's ordinary one."""

    cloud: str
    region: str
    offer: str | None = None

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read `cloud[/offer]:region`. Raises `ValueError` for what has another form."""
        found = _TARGET.fullmatch(text)
        if found is None:
            raise ValueError(
                f"{text!r} is not a target: write cloud:region or cloud/offer:region, such as azure:francecentral"
            )
        return cls(found["cloud"], found["region"], found["offer"])

    def __str__(self) -> str:
        """The form that `parse` reads."""
        return f"{self.cloud}/{self.offer}:{self.region}" if self.offer else f"{self.cloud}:{self.region}"

    @property
    def stack(self) -> str:
        """The name of this target's stack: a stack's name has no colon and no slash."""
        return str(self).replace("/", ".").replace(":", "-")
