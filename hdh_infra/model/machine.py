"""A machine: processors, memory, disks, system image, and what is asked of it."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from hdh_infra.model.base import Exact, Floor, Name, Size, Spec, Untraceable
from hdh_infra.model.scales import Encryption, Spread
from hdh_infra.model.store import Backup, check_key_is_used

_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(AKIA|ASIA)[0-9A-Z]{16}\b|^\s*(-\s*)?[\"']?(password|passwd|secret|secret_key|api_key|token)[\"']?\s*[:=]\s*[\"']?[^\s\"'{$]{4,}",
    re.IGNORECASE | re.MULTILINE,
)


class Gpu(Spec):
    """Graphics processors of a machine."""

    count: int = Field(default=1, ge=1, le=16, description="How many, in each machine.")
    model: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")] | None = Field(
        default=None, description="Maker's word for it in small letters: `l4`, `a100`, `h100`; without it any will do."
    )
    memory: Size | None = Field(default=None, description="Memory of each, at least.")


class Disk(Spec):
    """A machine's data disk; the floor and the key hold for the system disk too, unless that says otherwise."""

    size: Annotated[Size | None, Floor] = Field(
        default=None, description="Of the data disk; without it the machine has its system disk only."
    )
    encryption: Annotated[Encryption, Floor] = Field(
        default=Encryption.customer_key, description="Floor for every disk of the machine. SecNumCloud 3.2, 10.1."
    )
    key: Annotated[Name | None, Exact] = Field(default=None, description="As for a store.")

    @model_validator(mode="after")
    def check_key_is_used(self) -> Self:
        """As for a store."""
        check_key_is_used(self.key, self.encryption)
        return self


class SystemDisk(Spec):
    """The disk that a machine starts from; it holds no data of the platform and goes with the machine."""

    size: Annotated[Size | None, Floor] = Field(
        default=None, description="At least; without it as large as its image asks."
    )
    encryption: Annotated[Encryption | None, Floor] = Field(
        default=None, description="Floor; without it that of `disk`."
    )
    key: Annotated[Name | None, Exact] = Field(default=None, description="As for a store; without it that of `disk`.")

    @model_validator(mode="after")
    def check_key_is_used(self) -> Self:
        """As for a store."""
        if self.encryption is not None:
            check_key_is_used(self.key, self.encryption)
        return self


class Machine(Spec):
    """One or more machines alike, without a public address."""

    count: Annotated[int, Exact] = Field(
        default=1, ge=1, le=200, description="How many; each has an address of its own in the lock."
    )
    vcpus: Annotated[int, Floor] = Field(
        ge=1, le=512, description="Virtual processors; the smallest flavour that holds all that is asked is chosen."
    )
    memory: Annotated[Size, Floor] = Field(description="Main memory, with its unit: 16GB.")
    gpu: Annotated[Gpu | None, Floor] = Field(default=None, description="Graphics processors; none by default.")
    disk: Disk = Field(
        default=Disk(), description="A data disk where a size is given; encryption and key of all disks."
    )
    system_disk: SystemDisk = Field(default=SystemDisk(), description="What is asked of the system disk beyond that.")
    image: Annotated[Name, Exact] = Field(
        default="debian-12", description="Family of the system image; the catalogue names it on each cloud."
    )
    spread: Annotated[Spread, Floor] = Field(
        default=Spread.none,
        description="`hosts`: no two replicas on one host; `zones`: not all in one zone. SATRE 2.0, 2.6.02.",
    )
    identity: Annotated[bool, Exact] = Field(
        default=True,
        description="It has an identity of its own towards the cloud's services; without one it can be given no right.",
    )
    startup: Annotated[str | None, Untraceable] = Field(
        default=None,
        max_length=10_000,
        description="Start-up data in the form of cloud-init, run at the first start; whoever is on the machine reads it, so it never holds a secret.",
    )
    backup: Annotated[Backup | None, Floor] = Field(
        default=None, description="Copies of its data disk; without it what `backup.disks` of the platform says."
    )

    @model_validator(mode="after")
    def check_spread_has_replicas(self) -> Self:
        """One machine has nothing to be apart from."""
        if self.spread is not Spread.none and self.count == 1:
            raise ValueError(f"spread is {self.spread} but count is 1: set count to 2 or more, or drop spread")
        return self

    @model_validator(mode="after")
    def check_system_key_is_used(self) -> Self:
        """A system disk's key with the floor that it takes over from the data disk."""
        if self.system_disk.encryption is None:
            check_key_is_used(self.system_disk.key, self.disk.encryption)
        return self

    @model_validator(mode="after")
    def check_startup_has_no_secret(self) -> Self:
        """Start-up data stand in plans, states and on the machine, in clear (law 8)."""
        if self.startup and (found := _SECRET.search(self.startup)):
            line = self.startup.count("\n", 0, found.start()) + 1
            raise ValueError(
                f"startup looks like it holds a secret in its line {line}: take it out; a machine reads secrets by its identity"
            )
        if self.startup and not self.startup.startswith(("#cloud-config", "#!")):
            raise ValueError(
                f"startup begins with {self.startup[:12]!r}: begin it with #cloud-config, or with #! for a script"
            )
        return self

    @model_validator(mode="after")
    def check_backup_has_a_disk(self) -> Self:
        """What is backed up is the data disk."""
        if self.backup and not self.disk.size:
            raise ValueError("backup is asked but there is no data disk: give disk.size, or drop backup")
        return self
