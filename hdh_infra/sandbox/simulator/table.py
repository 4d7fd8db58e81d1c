"""The table of rules for the documentation, made from the data."""

from __future__ import annotations

from hdh_infra.sandbox.simulator.knowledge import PACKAGES, knowledge


def rules_table() -> str:
    """Every rule as a line of a Markdown table."""
    lines = ["| rule | types | answer | confidence | source |", "|---|---|---|---|---|"]
    for package in PACKAGES:
        for rule in knowledge(package).rules:
            types = ", ".join(one.rsplit(":", 1)[-1] for one in rule.types)
            cells = (f"`{rule.id}`", types, f"{rule.status} {rule.code}", rule.confidence, rule.source)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
