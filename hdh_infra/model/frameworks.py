"""Frameworks: which texts a platform can answer to, and the floors that their clauses raise.

Only clauses that say how long, where, how strongly or how often are here; the rest of the texts is checked
elsewhere and not by raising. Sources: the public texts named in `TITLES`, as read in the research notes of
2026-11-23; SecNumCloud's chapters 10 and 12 and HDS's requirements in their CISO Assistant transcriptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

Framework: TypeAlias = Literal[
    "SecNumCloud-3.2",
    "HDS-2.0",
    "SNDS-2024",
    "SREN-2024-449",
    "CNIL-EDS-2021",
    "EHDS-2025-327",
    "TEHDAS2-D7.4",
    "SATRE-2.0",
    "GDPR",
    "ISO27001-2022",
]
TITLES: Mapping[str, str] = {
    "SecNumCloud-3.2": "ANSSI, SecNumCloud requirements v3.2, 8 March 2022",
    "HDS-2.0": "HDS certification referential v2, order of 26 April 2024",
    "SNDS-2024": "Security referential of the SNDS, order of 6 May 2024",
    "SREN-2024-449": "French law 2024-449 of 21 May 2024, article 31",
    "CNIL-EDS-2021": "CNIL referential on health-data warehouses, decision 2021-118 of 7 October 2021",
    "EHDS-2025-327": "Regulation (EU) 2025/327 of 11 February 2025",
    "TEHDAS2-D7.4": "TEHDAS2 D7.4, specification of secure processing environments, 24 February 2026",
    "SATRE-2.0": "SATRE specification v2.0 (June-July 2026)",
    "GDPR": "Regulation (EU) 2016/679",
    "ISO27001-2022": "ISO/IEC 27001:2022, Annex A",
}

EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - reads better
)
"""Member states of the European Union, ISO 3166; treaties, 2026."""
EEA = EU | {"IS", "LI", "NO"}
"""With the states of the European Economic Area; EEA agreement, 2026."""

Floor: TypeAlias = Literal["residency", "log-retention", "log-mode", "encryption", "rotation", "audit"]


@final
@dataclass(frozen=True, slots=True)
class Clause:
    """One clause and the floor that it raises."""

    framework: str
    clause: str
    floor: Floor
    value: Any
    """Countries, days, a mode, a level, days, parts of the audit."""
    says: str


CLAUSES: tuple[Clause, ...] = (
    Clause("SecNumCloud-3.2", "19.2.b", "residency", EU, "customer data are stored and processed inside the EU"),
    Clause("HDS-2.0", "EXI 28", "residency", EEA, "health data are stored in the EEA only"),
    Clause("CNIL-EDS-2021", "12.2", "residency", EU, "no transfer of the warehouse's data out of the EU"),
    Clause("SecNumCloud-3.2", "12.6.c", "log-retention", 183, "logs are kept for six months at least"),
    Clause("EHDS-2025-327", "Art. 73(1)(e)", "log-retention", 365, "access logs are kept for one year at least"),
    Clause("TEHDAS2-D7.4", "EHDSR-8", "log-retention", 365, "access logs are kept for one year at least"),
    Clause("SecNumCloud-3.2", "12.7.a", "log-mode", "compliance", "logs cannot be altered or deleted while they are kept"),
    Clause("SecNumCloud-3.2", "10.1.a-b", "encryption", "tenant-key", "stored data are encrypted, with one key a customer at least"),
    Clause("SATRE-2.0", "2.8.05", "encryption", "customer-key", "health data are encrypted with a key that the customer manages"),
    Clause("SecNumCloud-3.2", "10.5.a", "rotation", 365, "keys follow the national rules on their lifetime: rotated within the year"),
    Clause("SecNumCloud-3.2", "12.6.b", "audit", ("keys", "administration"), "changes of rights and uses of keys are collected"),
    Clause("EHDS-2025-327", "Art. 73(1)(e)", "audit", ("stores",), "each access to data and each activity is logged"),
    Clause("HDS-2.0", "EXI 15", "audit", ("administration",), "accesses leave traces that the customer can consult"),
)  # fmt: skip


def clauses(frameworks: Iterable[str], floor: Floor) -> tuple[Clause, ...]:
    """The clauses of some frameworks that raise a floor, in the order of `CLAUSES`."""
    named = frozenset(frameworks)
    return tuple(one for one in CLAUSES if one.floor == floor and one.framework in named)
