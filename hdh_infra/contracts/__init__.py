"""The contracts of the SDKs as data: what each native type takes and gives, and the check of properties against it.

Read out of the SDK packages' text by `extract`, which nothing here imports; no SDK, no engine, no network. What
replaces or wipes a resource comes from the providers' own sources (`data/changes.json`), since the SDKs do not say.
"""

from __future__ import annotations

from hdh_infra.contracts.checking import Violation, check
from hdh_infra.contracts.load import (
    Contract,
    Shape,
    contract,
    defaults,
    outputs,
    packages,
    replaces,
    server,
    tokens,
    version,
)


def forget() -> None:
    """Read again what other packages bring, at the next question: packages were installed or removed since."""
    from hdh_infra.contracts import added, changing

    added.forget()
    contract.cache_clear()
    changing.forget()


__all__ = [
    "Contract",
    "Shape",
    "Violation",
    "check",
    "contract",
    "defaults",
    "forget",
    "outputs",
    "packages",
    "replaces",
    "server",
    "tokens",
    "version",
]
