"""`hdh credentials`: what a deployment signs in with and the least rights it needs, checked before `up`; never a value.

Variables are told by name, and whether they are there. With `--live` the services themselves are asked who that is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hdh_infra.cli.options import On, OneFormat, read_spec
from hdh_infra.cli.output import Exit, Format, Waiting, console, write_json

if TYPE_CHECKING:
    from hdh_infra.clouds.credentials import Found, Right
    from hdh_infra.model.target import Target

FORMAT = "hdh-credentials/1"
_SIMULATED = ("ovh:", "azure-native:")
"""What the sandbox's simulator stands for: it wants no credentials."""


def credentials(
    spec: Annotated[
        Path | None,
        typer.Argument(
            metavar="SPEC",
            help="The platform's description; without it, all that a target could want.",
            show_default=False,
        ),
    ] = None,
    on: On = [],
    output: OneFormat = Format.text,
    live: Annotated[
        bool, typer.Option("--live", help="Sign in, and hold the roles that are there against those that are needed.")
    ] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="With the credentials of this machine's sandbox.")] = False,
) -> None:
    """Say which credentials and rights a deployment needs.

    No value is shown. Exit 1 where something is missing.
    """
    targets, types = _asked(spec, on)
    found = [_Answer(target, types[target], _environment(target, sandbox=sandbox)) for target in targets]
    if live:
        with Waiting() as say:
            for one in found:
                one.ask(say)
    if output is Format.json:
        write_json({"format": FORMAT, "targets": {str(one.target): one.to_json() for one in found}})
    else:
        for one in found:
            one.print()
    if not all(one.well for one in found):
        raise typer.Exit(Exit.no)


def _asked(spec: Path | None, on: list[str]) -> tuple[list[Target], dict[Target, frozenset[str] | None]]:
    """The targets, and the native types that a description becomes on each; None without a description."""
    from hdh_infra.catalogue.load import site
    from hdh_infra.catalogue.load import targets as known
    from hdh_infra.errors import SpecError
    from hdh_infra.model.target import Target
    from hdh_infra.planning.load import check_named
    from hdh_infra.planning.refusing import refuse_offer

    if spec is None:
        if problems := check_named([one for one in on if one != "all"]):
            raise SpecError(problems)
        named = [Target.parse(one) for one in dict.fromkeys(on) if one != "all"]
        for target in named:
            refuse_offer(site(target))
        # Nobody signs in to an offer that is refused.
        chosen = named if named and "all" not in on else [one for one in known() if site(one).offer.refused is None]
        return chosen, dict.fromkeys(chosen)
    from hdh_infra.cli.options import day, find_lock
    from hdh_infra.planning import make_plan

    platform, chosen = read_spec(spec, on)
    for target in chosen if "all" not in on else ():
        refuse_offer(site(target, platform))
    chosen = [one for one in chosen if site(one).offer.refused is None]
    _, lock = find_lock(spec, None)
    plans = {target: make_plan(platform, target, lock=lock, today=day("")) for target in chosen}
    return chosen, {target: frozenset(node.type for node in plan.nodes) for target, plan in plans.items()}


def _environment(target: Target, *, sandbox: bool) -> Mapping[str, str]:
    if not sandbox:
        return os.environ
    from hdh_infra.sandbox import box

    with Waiting() as say:
        box.up([target], say)
        return {**box.stripped(os.environ), **box.environment(target, say)}


class _Answer:
    """What one target needs, and what the environment has of it."""

    def __init__(self, target: Target, types: frozenset[str] | None, environment: Mapping[str, str]) -> None:
        from hdh_infra.clouds import of
        from hdh_infra.clouds.credentials import look, needed, rights_for

        lowering = of(target)
        self.target, self.environment = target, environment
        self.found: list[Found] = [look(one, environment) for one in needed(lowering.credentials, types)]
        self.rights: tuple[Right, ...] = rights_for(lowering.rights, types)
        self.too_much = lowering.too_much
        self.files = {name: _file(one, environment) for one in self.found if (name := one.service.name)}
        self.live: dict[str, Any] | None = None
        self.lacking: list[str] = []
        self.warnings: list[str] = []

    @property
    def well(self) -> bool:
        """Whether nothing is missing, as far as was looked."""
        return not self.lacking and all(self.has(one) for one in self.found)

    def has(self, found: Found) -> bool:
        """Whether a service's credentials are there, in the environment or in a file."""
        way, file = found.way, self.files[found.service.name]
        if self.simulated(found):
            return True
        if way is not None and way.files and len(way.needs) == 1:
            # The variable only names an entry: without the file it names nothing.
            return file is not None
        return way is not None or (file is not None and not found.there)

    def simulated(self, found: Found) -> bool:
        """Whether the environment is a sandbox's, where a simulator stands for the service."""
        return bool(self.environment.get("HDH_SANDBOX")) and all(
            one.startswith(_SIMULATED) for one in found.service.packages
        )

    def ask(self, say: Waiting) -> None:
        """Sign in where there is a reader, and judge. Raises `CloudError` where a service refuses or does not answer."""
        from hdh_infra.catalogue.load import site
        from hdh_infra.clouds.credentials import judge

        self.live = {}
        names = {one.service.name for one in self.found if self.has(one)}
        place = site(self.target)
        if "OpenStack" in names:
            from hdh_infra.live.identity import who

            say(f"{self.target}: asking Keystone who we are")
            region = self.environment.get("OS_REGION_NAME") or place.service_region("compute")
            found = who(self.environment, region)
            self.live["OpenStack"] = found.to_json()
            self.lacking, self.warnings = judge(self.rights, found.roles, makes_keys=found.keys, too_much=self.too_much)
        endpoint = self.environment.get("HDH_S3_ENDPOINT") or self.environment.get("AWS_ENDPOINT_URL_S3")
        if "the S3 endpoint" in names and endpoint:
            from hdh_infra.live.identity import answers

            say(f"{self.target}: asking the S3 endpoint")
            self.live["the S3 endpoint"] = {"endpoint": answers(self.environment, {})}

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        return {
            "well": self.well,
            "services": [
                {**one.to_json(), "complete": self.has(one), "file": self.files[one.service.name]} for one in self.found
            ],
            "rights": [
                {"service": one.service, "right": one.name, "on": one.on, "why": one.why, "source": one.source, "as_of": one.as_of}
                for one in self.rights
            ],
            "live": self.live,
            "lacking": self.lacking,
            "warnings": self.warnings,
        }  # fmt: skip

    def print(self) -> None:
        """For people."""
        from rich.table import Table

        say = console()
        say.print(f"{self.target}: credentials")
        table = Table("service", "serves", "there", "what is missing, and what to do")
        for one in self.found:
            file = self.files[one.service.name]
            there = ", ".join(one.there) or "nothing"
            way = f"{one.way.words}: {there}" if one.way else there
            table.add_row(
                one.service.name,
                one.service.serves,
                f"{way}\n{file}" if file else way,
                "\n".join([*self._missing(one), *one.remarks]),
            )
        say.print(table)
        rights = Table("service", "least right", "on", "why")
        for right in self.rights:
            rights.add_row(right.service, right.name, right.on, right.why)
        say.print(f"{self.target}: the least rights that do")
        say.print(rights)
        for name, answer in (self.live or {}).items():
            say.print(f"{name}: {', '.join(f'{key} {_plain(value)}' for key, value in answer.items())}")
        for line in self.lacking:
            say.print(f"missing: {line}", soft_wrap=True)
        for line in self.warnings:
            say.print(f"warning: {line}", soft_wrap=True)

    def _missing(self, found: Found) -> list[str]:
        if self.simulated(found):
            return ["the sandbox's simulator stands for it, and wants none"]
        if self.has(found):
            return ["nothing is missing"]
        if found.way is not None:
            looked = ", ".join(found.way.files)
            return [
                f"no file has the entry that {found.way.needs[0]} names; looked for in {looked}",
                found.service.remedy,
            ]
        return [f"missing: {', '.join(found.missing)}", found.service.remedy]


def _file(found: Found, environment: Mapping[str, str]) -> str | None:
    """The file that holds a service's credentials, where there is one: the first of those that are looked for."""
    for way in found.service.ways:
        for place in way.files:
            name = environment.get(place) if place.isupper() else place
            file = Path(name).expanduser() if name else None
            if file is None or not file.is_file():
                continue
            entry = environment.get(way.needs[0]) if len(way.needs) == 1 else None
            if len(way.needs) > 1 or (entry and _has_entry(file, entry)):
                return str(file)
            break
    return None


def _has_entry(file: Path, entry: str) -> bool:
    """Whether a `clouds.yaml` has an entry; nothing else of it is kept."""
    import yaml

    try:
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return False
    return isinstance(read, dict) and isinstance(read.get("clouds"), dict) and entry in read["clouds"]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
