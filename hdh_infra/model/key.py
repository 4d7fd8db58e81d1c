"""A key: what it is kept in, where it comes from, how long it lives, and who may use and administer it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from hdh_infra.model.base import Days, Exact, Floor, Name, Spec
from hdh_infra.model.scales import Custody, KeyAlgorithm, KeyOrigin, Protection

_CUSTODY_OF = {
    KeyOrigin.generated: Custody.provider,
    KeyOrigin.imported: Custody.shared,
    KeyOrigin.external: Custody.customer,
}
"""What follows from where the material is made."""


class Key(Spec):
    """A key that the platform's data are encrypted with; its material never leaves the service that keeps it."""

    protection: Annotated[Protection, Floor] = Field(
        default=Protection.software,
        description="`hsm`: made and kept in a certified module, billed higher. SecNumCloud 3.2, 10.5: security container.",
    )
    origin: Annotated[KeyOrigin, Exact] = Field(
        default=KeyOrigin.generated,
        description="Where the material is made: inside the service, outside and imported, or outside and never given to the cloud.",
    )
    algorithm: Annotated[KeyAlgorithm | None, Exact] = Field(
        default=None,
        description="What it is used with; without it what the cloud's storage takes, of 256 bits (symmetric) or 3,072 (RSA) at least.",
    )
    rotation_days: Annotated[Days | None, Floor] = Field(
        default=None,
        description="A new version is made at the latest after so many days; without it nobody rotates the key.",
    )
    custody: Annotated[Custody | None, Floor] = Field(
        default=None,
        description="Who has the material: `provider` only, `shared` (a copy of the customer's own, as of imported keys), `customer` only.",
    )
    grace_days: Annotated[Days | None, Floor] = Field(
        default=None,
        description="For how long at least its destruction can be taken back; losing a key loses what it encrypts.",
    )
    users: Annotated[tuple[str, ...], Exact] = Field(
        default=(),
        description="Machines, zones, spaces or `group/NAME` that may use it, beside the stores and disks that it encrypts.",
    )
    administrators: Annotated[tuple[Name, ...], Exact] = Field(
        default=(),
        description="Groups that may rotate, disable and destroy it, and not use it. SecNumCloud 3.2, 9.3.f: duties apart.",
    )

    @model_validator(mode="after")
    def check_custody_fits_the_origin(self) -> Self:
        """Material that was made inside the cloud is in nobody else's hands."""
        most = _CUSTODY_OF[self.origin]
        if self.custody is not None and not most.reaches(self.custody):
            needed = next(origin for origin, custody in _CUSTODY_OF.items() if custody.reaches(self.custody))
            raise ValueError(
                f"custody is {self.custody} but origin is {self.origin}, whose material is {most}'s: set origin to {needed}, or lower custody"
            )
        return self

    @model_validator(mode="after")
    def check_rotation_fits_the_origin(self) -> Self:
        """A service cannot make a new version of what is made outside."""
        if self.rotation_days is not None and self.origin is not KeyOrigin.generated:
            raise ValueError(
                f"rotation_days is {self.rotation_days} but origin is {self.origin}: nobody but its maker rotates it; drop rotation_days"
            )
        return self
