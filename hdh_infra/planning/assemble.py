"""The one way in which a plan is made: lock, lower, override, order, verify, observe, count, assess.

Every plan is made, deployable or not, so that it can be compared; who deploys refuses.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Iterator

from hdh_infra.catalogue.load import digest_input, offer_of, site
from hdh_infra.catalogue.sources import owner_of
from hdh_infra.clouds import of
from hdh_infra.clouds.base import Context
from hdh_infra.contracts import contract
from hdh_infra.contracts.added import brought
from hdh_infra.errors import Problem, SpecError
from hdh_infra.graph.observation import Natives, Observation
from hdh_infra.graph.order import in_order
from hdh_infra.graph.plan import Addition, ChosenFlavour, Plan
from hdh_infra.graph.steps import verify_steps
from hdh_infra.graph.verify import verify
from hdh_infra.model.check_meaning import check_dates
from hdh_infra.model.expand import expand
from hdh_infra.model.lock import Lock
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.assess import assess
from hdh_infra.planning.capacity import capacity
from hdh_infra.planning.lock import update_lock
from hdh_infra.planning.naming import check_names
from hdh_infra.planning.overriding import overridden
from hdh_infra.planning.waiving import futile_waivers, waiver_remarks
from hdh_infra.planning.whole import due


def make_plan(
    platform: Platform,
    target: Target | str,
    *,
    lock: Lock | None = None,
    today: datetime.date,
    nearest: bool = False,
) -> Plan:
    """The plan of a platform on a target.

    Args:
        platform: the spec.
        target: where to.
        lock: what was given before; without it the plan shows what it would become.
        today: the day that waivers are judged by and spaces are closed by.
        nearest: plan a machine that no flavour holds with the largest there is, and judge it as not met, so that the
            rest can be looked at; such a plan is never deployed.

    Raises:
        SpecError: the target is not in the catalogue, the platform cannot be placed on it, a flow names a space
            past its end, or a waiver is of an offer that is refused.
        RefusedError: a data holder of the lock is missing from the spec.
        ExceptionGroup: the library made an invalid plan: a defect of ours.
    """
    where = Target.parse(target) if isinstance(target, str) else target
    try:
        place = site(where, platform)
    except ValueError as error:
        raise SpecError([Problem("target", None, None, "", str(error))]) from None
    given = update_lock(lock, platform, [where], nearest=nearest)
    expanded = expand(platform, today)
    if problems := check_dates(platform, expanded, today):
        raise SpecError(problems)
    context = Context(expanded, place, given)
    lowering = of(where)
    providers = lowering.providers(context)
    nodes, changed = overridden(lowering.lower(context), platform)
    if same := list(check_names(nodes, platform, str(where))):
        raise SpecError(same)
    ordered = in_order(nodes)
    manual = tuple(lowering.manual(context))
    if found := [*verify(ordered, providers), *verify_steps(manual, ordered, providers.keys())]:
        raise ExceptionGroup("internal error: an invalid plan", [ValueError(what) for what in found])
    observed = lowering.observe(Natives.of_plan(ordered, lowering.identifiers), place)
    room = capacity(ordered, place)
    if problems := list(futile_waivers(platform, place, today)):
        raise SpecError(problems)
    verdicts = assess(expanded, given, place, observed, today, room)
    return Plan(
        platform=platform.name,
        target=str(where),
        digests={
            "spec": _digest(platform.model_dump_json(by_alias=True)),
            # How many stacks it becomes changes nothing in what is deployed.
            "lock": _digest(given.model_dump_json(exclude={"layout"})),
            "catalogue": _digest(digest_input(place)),
            "today": str(today),
            **({"measured": _digest(place.measured.model_dump_json())} if place.measured else {}),
        },
        providers=providers,
        nodes=ordered,
        verdicts=verdicts,
        manual=manual,
        overridden=changed,
        due=tuple(due(expanded)),
        raised=tuple(one.to_json() for one in expanded.raised),
        flavours=tuple(_flavours(context)),
        remarks=tuple(waiver_remarks(verdicts, platform, place, today)),
        unverified=tuple(sorted(token for token in {node.type for node in ordered} if contract(token) is None)),
        added=tuple(_added(where, {node.type for node in ordered})),
        read=(ordered, observed),
    )


def observe_plan(plan: Plan, platform: Platform) -> Observation:
    """What a plan gives, read back from its native resources alone; once, where the plan was made here."""
    if plan.observation is not None:
        return plan.observation
    where = Target.parse(plan.target)
    lowering = of(where)
    return lowering.observe(Natives.of_plan(plan.nodes, lowering.identifiers), site(where, platform))


def _added(where: Target, types: Iterable[str]) -> Iterator[Addition]:
    """What of a plan is the word of other packages, by their names."""
    offer = offer_of(where)
    # Its facts are of one cloud, and its lowering may be of another.
    clouds = {where.cloud, (offer.lowering if offer else None) or where.cloud}
    owners = {owner for one in clouds if (owner := owner_of(one))}
    by: dict[str, list[str]] = {owner: [] for owner in owners}
    for token in sorted(types):
        found = contract(token)
        if found and found.owner:
            by.setdefault(found.owner, []).append(token)
    wrong = {one.owner: one.told() for one in brought() if one.cloud in clouds}
    for owner, tokens in sorted(by.items()):
        yield Addition(owner, owner in owners, tuple(tokens), wrong.get(owner, ""))


def _flavours(context: Context) -> Iterator[ChosenFlavour]:
    """The flavours of a platform's machines and of those that the cloud's plan needs beside them, by name."""
    machines: dict[str, dict[str, int]] = {}
    helpers = of(context.site.target).service_machines(context.expanded, context.site)
    for path, machine in {} if context.site.offer.refused else {**context.expanded.machines, **helpers}.items():
        machines.setdefault(context.flavour(path).name, {})[path] = machine.count
    for _, alike in sorted(machines.items()):
        flavour = context.flavour(next(iter(alike)))
        yield ChosenFlavour(
            name=flavour.name,
            vcpus=flavour.vcpus,
            memory=int(flavour.memory),
            gpus=flavour.gpu.count if flavour.gpu else 0,
            price_eur_hour=flavour.price_eur_hour,
            source=flavour.source,
            as_of=str(flavour.as_of),
            machines=alike,
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
