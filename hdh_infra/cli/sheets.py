"""Tables of the catalogue, for people: all targets in short, or one in full with each fact, its source and its day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hdh_infra.catalogue.schema import PRICE_UNITS, Price
from hdh_infra.catalogue.validity import SOON, STALE_AFTER, Standing, is_stale, standing, standing_words
from hdh_infra.model.base import write_size
from hdh_infra.model.wording import listed, value_words

if TYPE_CHECKING:
    from rich.console import Console

    from hdh_infra.catalogue.schema import LegalExposure, Qualification, Sourced
    from hdh_infra.catalogue.showing import Sheet
    from hdh_infra.catalogue.validity import Kind

_PRICE_WORDS = {
    "object-gb-month": "a GB of objects, a month",
    "block-gb-month": "a GB of disk, a month",
    "egress-gb": "a GB to the Internet",
    "key-month": "a key, a month",
}
_UNKNOWN = "unknown"
_COLUMNS = ("country", "SecNumCloud", "HDS", "law of others", "objects", "disks", "egress", "sizes", "unknown", "old")
_FIXED = (9, 0, 0, 0, 8, 8, 7, 8, 8, 4)
"""Characters of each column; the three of words share what is left."""
_SHARES = (0, 0.44, 0.3, 0.26)


def print_targets(sheets: Sequence[Sheet], console: Console) -> None:
    """Every offer in a line, what has to be acted on, and what is refused and why."""
    if not sheets:
        return
    _heading(f"Targets of the catalogue on {sheets[0].today}", console)
    widths = _widths(console.width)
    console.print(_row(widths, map(Text, _COLUMNS), header=True))
    offers = _offers(sheets)
    for group in offers:
        one, offer = group[0], group[0].place.offer
        refused = offer.refused is not None
        names = ", ".join(str(each.place.target) for each in group)
        console.print(Text(names, style="dim" if refused else "bold cyan"))
        cells = (
            Text(", ".join(dict.fromkeys(each.place.country or "declared" for each in group))),
            _standings(one, "SecNumCloud"),
            _standings(one, "HDS"),
            _laws(offer.exposure),
            *(_price(offer.prices.get(unit)) for unit in PRICE_UNITS[:3]),
            Text("refused", style="red") if refused else Text(str(len(offer.flavours))),
            Text("" if refused else str(len(one.unknown))),
            Text(str(len(one.stale) or "")),
        )
        console.print(_row(widths, cells))
    console.print()
    console.print(
        f"objects, disks: euro a GB and month; egress: euro a GB; list prices without VAT, ? where unknown. "
        "unknown: facts that nobody could find out. "
        f"old: rows read more than {STALE_AFTER['fact']} days ago, prices {STALE_AFTER['price']}, qualifications {STALE_AFTER['qualification']}.",
        style="dim",
    )
    _attention(offers, console)
    _refused(offers, console)


def _widths(width: int) -> list[int]:
    left = width - 2 - sum(_FIXED)
    return [fixed or int(left * _SHARES[index]) for index, fixed in enumerate(_FIXED)]


def _row(widths: Sequence[int], cells: Iterable[Text], *, header: bool = False) -> Padding:
    """One offer under its names: numbers to the right, words to the left."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    for index, width in enumerate(widths):
        table.add_column(width=width - 1, overflow="fold", justify="left" if index < len(_SHARES) else "right")
    table.add_row(*cells, style="dim" if header else "")
    return Padding(table, (0, 0, 0, 2))


def _offers(sheets: Iterable[Sheet]) -> list[list[Sheet]]:
    """The targets of each offer together."""
    found: dict[tuple[str, str], list[Sheet]] = {}
    for sheet in sheets:
        found.setdefault((sheet.place.target.cloud, sheet.place.offer.name), []).append(sheet)
    return list(found.values())


def _attention(offers: Iterable[Sequence[Sheet]], console: Console) -> None:
    notices = [(str(group[0].place.target), line) for group in offers for line in group[0].notices]
    if notices:
        console.print()
        _heading(f"Qualifications that ended, or end within {SOON} days", console)
        for target, line in notices:
            console.print(Text.assemble("  ", (target, "bold cyan"), " ", (line, "bold red" if "EXPIRED" in line else "bold yellow")))  # fmt: skip


def _refused(offers: Iterable[Sequence[Sheet]], console: Console) -> None:
    refused = [(group[0].place, found) for group in offers if (found := group[0].place.offer.refused) is not None]
    if refused:
        console.print()
        _heading("Refused: nothing can be deployed there", console)
    for place, found in refused:
        console.print(Text(str(place.target), style="bold cyan"))
        words = f"{found.reason} {found.remedy or ''}".strip()
        console.print(Padding(Text(words), (0, 0, 0, 2)))
        console.print(Padding(Text(_source(found), style="dim"), (0, 0, 0, 2)))


def print_sheet(sheet: Sheet, console: Console) -> None:
    """One target in full."""
    place, offer = sheet.place, sheet.place.offer
    _heading(f"{place.target}: {offer.title}", console)
    if sheet.added_by:
        console.print(f"These facts are from {sheet.added_by}, and not from hdh_infra.", highlight=False)
    for line in sheet.notices:
        console.print(Text(line, style="bold red" if "EXPIRED" in line else "bold yellow"))
    if offer.refused is not None:
        _entry("refused", offer.refused.reason, offer.refused, "refusal", sheet, console, style="bold red", remedy=offer.refused.remedy)  # fmt: skip
    _entry("country", place.country or "its operator declares it", place.region, "region", sheet, console)
    _title("Qualifications", console)
    for row in offer.qualifications:
        _qualification(row, sheet, console)
    if offer.exposure is not None:
        _title("Legal exposure", console)
        _entry(_laws(offer.exposure).plain, f"{_owners(offer.exposure)}. {offer.exposure.reason}", offer.exposure, "exposure", sheet, console)  # fmt: skip
    _title("List prices without VAT, in euro", console)
    for unit, price in offer.prices.items():
        _entry(f"{_PRICE_WORDS[unit]}: {_amount(price)}", "", price, "price", sheet, console)
    known = f"{len(sheet.unknown)} of {len(place.facts)} unknown" if offer.refused is None else "what is known"
    _title(f"Facts: {known}", console)
    for fact in sheet.facts:
        value = _UNKNOWN if fact.value is None else value_words("", fact.value)
        _entry(f"{fact.attribute}: {value}", fact.reason, fact, "fact", sheet, console, style="magenta" if fact.value is None else "bold", means=fact.means, remedy=fact.remedy)  # fmt: skip
    _sizes(sheet, console)
    console.print()


def _qualification(row: Qualification, sheet: Sheet, console: Console) -> None:
    told = (("decision", row.decision), ("certificate", row.certificate), ("version", row.version), ("from", row.valid_from))  # fmt: skip
    more = ", ".join(f"{name} {value}" for name, value in told if value)
    head = f"{row.framework}: {standing_words(row, sheet.today)}" + (f" ({more})" if more else "")
    why = f"{row.scope.rstrip('.')}. {row.reason}" if row.scope else row.reason
    found = standing(row, sheet.today)
    style = "bold green" if found is Standing.valid else "bold" if found.holds and not found.warns else _styles(found)
    _entry(head, why, row, "qualification", sheet, console, style=style)


def _sizes(sheet: Sheet, console: Console) -> None:
    offer = sheet.place.offer
    if offer.flavours:
        _title("Sizes of machines", console)
        table = _table("name", "vCPU", "memory", "GPU", "EUR/h", "as of")
        for column in (1, 2, 4):
            table.columns[column].justify = "right"
        for one in offer.flavours:
            gpu = f"{one.gpu.count} x {one.gpu.model or 'any'}" if one.gpu else ""
            price = _UNKNOWN if one.price_eur_hour is None else f"{one.price_eur_hour:.4f}"
            old = " (old)" if is_stale(one, "flavour", sheet.today) else ""
            table.add_row(one.name, str(one.vcpus), write_size(int(one.memory)), gpu, price, f"{one.as_of}{old}")
        console.print(table)
        sources = dict.fromkeys(one.source for one in offer.flavours)
        console.print(Text(f"sources: {'; '.join(sources)}", style="dim"))
    if offer.images:
        _title("Images", console)
        console.print(listed(sorted(offer.images), len(offer.images)))
    if offer.limits:
        _title("Limits", console)
        table = _table("what", "of", "by default", "at most", "as of")
        for limit in offer.limits:
            given = "the range's size" if limit.size_of else _UNKNOWN if limit.value is None else f"{limit.value:,}"
            most = "" if limit.maximum is None else f"{limit.maximum:,}"
            old = " (old)" if is_stale(limit, "limit", sheet.today) else ""
            table.add_row(limit.what, limit.scope, given, most, f"{limit.as_of}{old}")
        console.print(table)


def _entry(
    head: str,
    why: str,
    row: Sourced,
    kind: Kind,
    sheet: Sheet,
    console: Console,
    *,
    style: str = "bold",
    means: str | None = None,
    remedy: str | None = None,
) -> None:
    """What a row says, why, and where it was read."""
    old = " OLD: read it again" if is_stale(row, kind, sheet.today) else ""
    console.print(Text.assemble((head, style), (old, "bold yellow")))
    for name, text in (("", why), ("means: ", means), ("more by: ", remedy)):
        if text:
            console.print(Padding(Text(f"{name}{text}"), (0, 0, 0, 2)))
    console.print(Padding(Text(_source(row), style="dim"), (0, 0, 0, 2)))


def _source(row: Sourced) -> str:
    return f"{row.source} ({row.as_of}, {row.confidence})"


def _standings(sheet: Sheet, begins: str) -> Text:
    """The best that an offer has of a framework, and what of it is about to end."""
    found = sheet.standing(begins)
    if not found:
        return Text("no row", style="bold red")
    row, best = found[0]
    words = standing_words(row, sheet.today).removeprefix("qualified ").replace("qualified, end not told", "yes, no end told")  # fmt: skip
    words = "no" if best is Standing.not_qualified else words
    more = f" (+{len(found) - 1})" if len(found) > 1 else ""
    return Text(words + more, style=_styles(best))


def _styles(found: Standing) -> str:
    if found.warns:
        return "bold red" if found is Standing.expired else "bold yellow"
    return "green" if found.holds else "magenta" if found is Standing.unknown else "dim"


def _laws(exposure: LegalExposure | None) -> Text:
    if exposure is None or exposure.reached_by is None:
        return Text(_UNKNOWN, style="magenta")
    return Text(", ".join(exposure.reached_by), style="yellow") if exposure.reached_by else Text("none known")


def _owners(exposure: LegalExposure) -> str:
    return f"Operator in {exposure.operator_country or _UNKNOWN}, controlled from {exposure.parent_country or _UNKNOWN}"


def _price(price: Price | None) -> Text:
    return Text("?", style="magenta") if price is None or price.eur is None else Text(_amount(price))


def _amount(price: Price) -> str:
    return _UNKNOWN if price.eur is None else f"{price.eur:.4f}".rstrip("0").rstrip(".")


def _title(text: str, console: Console) -> None:
    console.print()
    console.print(Text(text, style="bold cyan"))


def _heading(text: str, console: Console) -> None:
    console.print(Text(text, style="bold"))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
