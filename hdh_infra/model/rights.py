"""Rights on what a platform keeps: who may read, append or write, and the groups of people they are given to.

A right needs a way as well: whom no flow leads to a store cannot use a right on it.
"""

from __future__ import annotations

from pydantic import Field

from hdh_infra.model.base import Spec
from hdh_infra.model.scales import Access


class Grant(Spec):
    """One right on a store."""

    to: str = Field(
        description="Path or pattern of a machine, zone or space (a network means its machines), `machine/NAME` of the same zone or space, or `group/NAME`."
    )
    access: Access = Field(
        default=Access.read,
        description="`read`; `append`: new objects only, nothing read, replaced or deleted; `write`: all of it. SecNumCloud 3.2, 9.5: least rights.",
    )


class Group(Spec):
    """People who are given rights together; who they are is the identity provider's, its id on a cloud stands under `targets`."""

    description: str = Field(min_length=3, description="Who they are, for reports.")
