"""`hdh plan --diff`: what a new plan changes, for people: by element, what is alike said once, what is refused at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from hdh_infra.errors import Problem, SpecError
from hdh_infra.graph.diff import Effect
from hdh_infra.graph.words import changed
from hdh_infra.model.paths import network_path
from hdh_infra.model.wording import listed

if TYPE_CHECKING:
    from rich.console import Console

    from hdh_infra.graph.plan import Plan
    from hdh_infra.model.target import Target
    from hdh_infra.planning.changes import Judged, PlanDiff

_MANY = 3
"""Native resources that change in the same way and are listed one by one."""
_MOST = 200
"""Native resources that are listed at all, what loses data first; more than that nobody reads in a terminal."""
_MOST_WAYS = 60
_MOST_REFUSED = 20
_PROPERTIES = 12
_VALUE = 48
_DONE = {
    Effect.make: "made",
    Effect.move: "moved",
    Effect.options: "with other options",
    Effect.ignored: "changed without effect",
    Effect.update: "changed in place",
    Effect.unknown: "changed with an effect that nobody has read",
    Effect.maybe_replace: "perhaps replaced",
    Effect.wipe: "wiped",
    Effect.replace: "replaced",
    Effect.remove: "removed",
}
_STYLES = {Effect.make: "green", Effect.update: "yellow", Effect.options: "dim", Effect.move: "dim"}


def target_of(old: Plan, file: Path, on: Sequence[str], chosen: Sequence[Target]) -> Target:
    """The one target to compare on: the named one, or of all that the spec has the old plan's. Raises `SpecError`."""
    named = [one for one in on if one != "all"]
    if len(named) > 1:
        what = f"compares one target, and {len(named)} are named: {', '.join(named)}; name the one of {file}"
        raise SpecError([Problem("--diff", None, None, "", what)])
    same = [one for one in chosen if named or str(one) == old.target]
    if not same:
        what = (
            f"is of {old.target}, and the new plan is of {', '.join(map(str, chosen))}: name the same target with --on"
        )
        raise SpecError([Problem(str(file), None, None, "target", what)])
    return same[0]


def print_diff(diff: PlanDiff, console: Console, against: str) -> None:
    """Everything that a plan changes against another."""
    count = len(diff.changes)
    heading = f"{diff.platform} on {diff.target}: {count or 'no'} change{'' if count == 1 else 's'} against {against}"
    console.print(heading, style="bold", markup=False)
    if diff.changes:
        console.print(", ".join(f"{number} {_DONE[Effect(word)]}" for word, number in diff.counts.items()))
    for key, (old, new) in diff.providers.items():
        words = [f"{one.package} {one.version} {dict(one.config)}" if one else "none" for one in (old, new)]
        console.print(Text.assemble("provider ", (key, "bold"), f": {words[0]} -> {words[1]}"))
    rest: list[Judged] = []
    told = 0
    for alike in _alike(diff.changes):
        if len(alike) > _MANY and not alike[0].endangers and told < _MOST_WAYS:
            _print_alike(alike, console)
            told += 1
        else:
            rest.extend(alike)
    rest.sort(key=lambda one: (not one.endangers, one.change.element, one.change.path))
    _print_elements(sorted(rest[:_MOST], key=lambda one: (one.change.element, one.change.path)), console)
    if len(rest) > _MOST:
        console.print(f"and {len(rest) - _MOST} native resources more; --format json has all", style="dim")
    if any(one.change.holds_data for one in diff.changes):
        console.print("* holds data", style="dim")
    _print_refused(diff.refused, console)


def _alike(changes: Iterable[Judged]) -> Iterable[Sequence[Judged]]:
    """Changes that say the same of different native resources, together; those of one new or ended network too."""
    groups: dict[tuple[str, ...], list[Judged]] = {}
    for one in changes:
        change = one.change
        whole = change.effect in {Effect.make, Effect.remove}
        where = network_path(change.path) or change.element if whole else ""
        said = () if whole else tuple(_lines(one))
        groups.setdefault((str(change.effect), str(one.endangers), where, *said), []).append(one)
    return groups.values()


def _print_alike(alike: Sequence[Judged], console: Console) -> None:
    first = alike[0].change
    console.print()
    words = (f"{len(alike)} native resources", "bold")
    if first.effect in {Effect.make, Effect.remove}:
        name = network_path(first.path) or first.element
        console.print(Text.assemble(_word(first.effect), words, " of ", (name, "bold cyan")))
        data = [one.change.path.removeprefix(f"{name}/") for one in alike if one.change.holds_data]
        if data:
            console.print(_indented(f"of which hold data: {listed(data)}", 2))
        return
    console.print(Text.assemble(_word(first.effect), words))
    console.print(_indented(listed([one.change.path for one in alike]), 2))
    _print_lines(alike[0], console, 4)


def _print_elements(changes: Iterable[Judged], console: Console) -> None:
    before = ""
    for one in changes:
        change = one.change
        if change.element != before:
            console.print()
            console.print(Text(change.element, style="bold cyan"))
            before = change.element
        name = change.path.removeprefix(f"{change.element}/")
        line = Text.assemble("  ", _word(change.effect), ("* " if change.holds_data else "", "bold"), name)
        type_ = Text(change.type, style="dim")
        if len(line) + 2 + len(type_) <= console.width:
            console.print(Text.assemble(line, "  ", type_))
        else:
            console.print(line)
            console.print(_indented(change.type, 6, "dim"))
        _print_lines(one, console, 6)


def _print_lines(one: Judged, console: Console, indent: int) -> None:
    lines = list(_lines(one))
    for line in lines[:_PROPERTIES]:
        console.print(_indented(line, indent))
    if len(lines) > _PROPERTIES:
        console.print(_indented(f"and {len(lines) - _PROPERTIES} more; --format json has all", indent, "dim"))


def _lines(one: Judged) -> Iterator[str]:
    """What changes in a native resource, and why it is replaced or wiped; the forcing ones first."""
    change = one.change
    if change.was:
        yield f"was {change.was}"
    for each in sorted(change.properties, key=lambda each: (-each.effect.rank, each.path)):
        note = f" ({each.why})" if each.why else ""
        if each.effect is not Effect.update and not each.why:
            note = f" ({each.effect}s it)"
        values = f" {changed(each.old, each.new, _VALUE)}" if each.old != each.new else ""
        yield f"{each.path}{':' if values else ''}{values}{note}"
    for option in change.options:
        yield f"option {option.name}: {_option(option.old)} -> {_option(option.new)}"
    told = {each.path for each in change.properties} | {option.name for option in change.options}
    yield from (reason for reason in change.because if reason.split(":")[0] not in told)
    if change.delete_first:
        yield "the old one goes before the new one is made"
    if one.word:
        yield f"the spec says so: {'replace' if one.word == 'replace' else f'data: {one.word}'}"


def _option(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value or "none")


def _word(effect: Effect) -> tuple[str, str]:
    return f"{effect} ", _STYLES.get(effect, "bold red" if effect.loses else "yellow")


def _print_refused(refused: Sequence[Judged], console: Console) -> None:
    if not refused:
        return
    words = "1 change loses" if len(refused) == 1 else f"{len(refused)} changes lose"
    console.print()
    console.print(f"refused: {words} data, and the spec does not say so", style="bold red")
    alike: dict[tuple[str, str], dict[str, list[str]]] = {}
    for one in refused:
        element = one.change.element
        names = alike.setdefault((str(one.change.effect), one.remedy), {}).setdefault(element, [])
        names.append(one.change.path.removeprefix(f"{element}/"))
    for (effect, remedy), elements in alike.items():
        for element, names in list(elements.items())[:_MOST_REFUSED]:
            console.print(Text.assemble("  ", (f"{effect} ", "bold red"), (element, "bold cyan"), f": {listed(names)}"))
        if len(elements) > _MOST_REFUSED:
            console.print(_indented(f"and {len(elements) - _MOST_REFUSED} elements more", 4))
        console.print(_indented(remedy, 4))


def _indented(words: str, by: int, style: str = "") -> Padding:
    return Padding(Text(words, style=style), (0, 0, 0, by), expand=False)
