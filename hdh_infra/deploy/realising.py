"""A plan registered with the engine: providers, components by element, native resources by type token.

Everything that the generated classes of an SDK would add is in the plan already; so the packages of the
clouds are never imported here. No verdict is looked at: `deploy` refuses before this is called.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import pulumi
from pulumi.runtime.settings import register_package

from hdh_infra import contracts
from hdh_infra.deploy.ended import NONE_ENDED, Ended
from hdh_infra.deploy.forms import Forms
from hdh_infra.deploy.foundation import Foundation, Outputs
from hdh_infra.deploy.gates import halted, register_all
from hdh_infra.deploy.request import OpenStep
from hdh_infra.deploy.world import sandbox_of
from hdh_infra.graph.node import Node
from hdh_infra.graph.parts import Reference
from hdh_infra.graph.plan import Plan, Provider
from hdh_infra.model.paths import PLATFORM, kind_of, network_path

COMPONENTS = "hdh:platform:"


@final
@dataclass(frozen=True)
class Deployed:
    """What was registered, with the native resources at hand.

    Attributes:
        plan: what it was made of.
        nodes: every native resource by its node's path.
        components: every component by its element's path; `platform` is the whole.
        providers: the providers by their key in the plan.
        open: steps that only a person can do, that nothing waits for and that were not done yet.
    """

    plan: Plan
    nodes: Mapping[str, pulumi.CustomResource] = field(default_factory=dict)
    components: Mapping[str, pulumi.ComponentResource] = field(default_factory=dict)
    providers: Mapping[str, pulumi.ProviderResource] = field(default_factory=dict)
    open: tuple[OpenStep, ...] = ()

    def natives(self, element: str) -> Mapping[str, pulumi.CustomResource]:
        """The native resources of one element, by path."""
        return {node.path: self.nodes[node.path] for node in self.plan.nodes if node.element == element}


def realise(
    plan: Plan, foundation: Foundation | None = None, exports: Iterable[Reference] = (), ended: Ended = NONE_ENDED
) -> Deployed:
    """Register a plan with the engine, inside a Pulumi program or under mocks.

    Exports `platform`, `target` and, where the plan makes credentials, the secret `credentials`.

    Args:
        plan: what is to be; of a part, its own nodes only.
        foundation: of a space's part, where what it reads of the foundation comes from.
        exports: of the foundation's part, what the spaces read of it.
        ended: what ended waivers hold fast: the engine asks before it makes or changes any of it, and is told no.

    Raises:
        WaitingError: a step that only a person can do comes before some of it and is not proved; all that does not wait
            for it was registered.
    """
    nodes: dict[str, pulumi.CustomResource] = {}
    providers = {key: _provider(key, provider) for key, provider in plan.providers.items()}
    components = _Components(plan)
    forms = Forms(nodes, providers, plan.providers, Outputs(foundation) if foundation else None)
    hooks = _Hooks(ended)

    def register(node: Node) -> None:
        properties = {name: forms.value(value) for name, value in node.properties.items()}
        for name in (*node.outputs, *node.secret_outputs):
            if name != "id":
                properties.setdefault(name, None)
        options = _options(
            node,
            forms.value(node.existing),
            # What is the foundation's was made before this program began.
            [nodes[path] for path in node.depends_on if not forms.is_elsewhere(path)],
            components.of(node.parent),
            providers[node.provider],
            plan.providers[node.provider].version,
            hooks.of(node.path),
        )
        nodes[node.path] = pulumi.CustomResource(node.type, node.path, properties, options)

    gates = register_all(plan, register, nodes, forms)
    components.finish(nodes)
    pulumi.export("platform", plan.platform)
    pulumi.export("target", plan.target)
    if credentials := _credentials(plan, nodes):
        pulumi.export("credentials", pulumi.Output.secret(credentials))
    for one in exports:
        # What waits for a person is not there yet; the spaces that read it wait with it.
        if one.path in nodes:
            pulumi.export(one.name, forms.output(one.path, one.output))
    if gates.stopping:
        raise halted(plan, gates.stopping)
    return Deployed(plan, nodes, components.made, providers, gates.open)


def _provider(key: str, provider: Provider) -> pulumi.ProviderResource:
    """An explicit provider: the engine wants every value but a text as the JSON of it."""
    config = {name: value if isinstance(value, str) else json.dumps(value) for name, value in provider.config.items()}
    options = pulumi.ResourceOptions(version=provider.version, plugin_download_url=contracts.server(provider.package))
    return pulumi.ProviderResource(provider.package, key, config, options, package_ref=_package(provider))


def _package(provider: Provider) -> Awaitable[str | None] | None:
    """The engine's reference of a package that another plugin becomes, as a generated SDK would ask for it; None of a plugin itself.

    With it in the provider alone, the state keeps what the plugin is told: whatever has that provider needs no reference.
    """
    if provider.parameter is None:
        return None
    return register_package(
        provider.parameter.plugin,
        provider.parameter.version,
        "",
        provider.package,
        provider.version,
        base64.b64encode(provider.parameter.value.encode()).decode(),
    )


def _options(
    node: Node,
    existing: Any,
    depends_on: list[pulumi.CustomResource],
    parent: pulumi.Resource,
    provider: pulumi.ProviderResource,
    version: str,
    hooks: pulumi.ResourceHookBinding | None,
) -> pulumi.ResourceOptions:
    """Every option of a node, stated, so that nothing comes from its component."""
    return pulumi.ResourceOptions(
        id=existing,
        import_=node.adopt,
        parent=parent,
        provider=provider,
        version=version,
        hooks=hooks,
        protect=node.protect,
        depends_on=depends_on,
        aliases=[pulumi.Alias(name=path) for path in node.aliases],
        delete_before_replace=node.delete_before_replace or None,
        ignore_changes=list(node.ignore_changes),
        replace_on_changes=list(node.replace_on_changes) or None,
        additional_secret_outputs=list(node.secret_outputs),
        custom_timeouts=pulumi.CustomTimeouts(**node.timeouts) if node.timeouts else None,
    )


@final
class _Hooks:
    """What the engine asks before it makes or changes what an ended waiver was for, in a preview too; one hook a reason.

    Nothing is bound to a deletion: such a hook stays in the state, and a destruction would want the program (pulumi.com, resource
    option `hooks`, read 2026-11-26).
    """

    def __init__(self, ended: Ended) -> None:
        self._ended = ended

    def of(self, path: str) -> pulumi.ResourceHookBinding | None:
        """The hooks of a native resource; None where it may be changed."""
        why = self._ended.why(path)
        if why is None:
            return None

        def refuse(_: pulumi.ResourceHookArgs) -> None:
            raise why

        hook = pulumi.ResourceHook(f"ended-waiver:{path}", refuse, pulumi.ResourceHookOptions(on_dry_run=True))
        return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


@final
class _Components:
    """The components of a plan, each made when its first native resource needs it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        facts = {"platform": plan.platform, "target": plan.target, "sandbox": sandbox_of(os.environ) or ""}
        whole = pulumi.ComponentResource(f"{COMPONENTS}Platform", PLATFORM, facts)
        # The mark of the world is in the state before any native resource is.
        whole.register_outputs(facts)
        self.made: dict[str, pulumi.ComponentResource] = {PLATFORM: whole}

    def of(self, element: str) -> pulumi.ComponentResource:
        """The component of an element."""
        found = self.made.get(element)
        if found is not None:
            return found
        kind = kind_of(element)
        if kind == "network":
            name = element.split("/", 1)[0].capitalize()
            parent = self.made[PLATFORM]
        else:
            name = kind.capitalize()
            network = network_path(element)
            parent = self.of(network) if network else self.made[PLATFORM]
        made = pulumi.ComponentResource(
            f"{COMPONENTS}{name}", element, {"element": element}, pulumi.ResourceOptions(parent=parent)
        )
        self.made[element] = made
        return made

    def finish(self, nodes: Mapping[str, pulumi.CustomResource]) -> None:
        """Register what each element came to: the ids of its native resources, and nothing of their properties."""
        ids: dict[str, dict[str, pulumi.Output[str]]] = {element: {} for element in self.made if element != PLATFORM}
        for node in self._plan.nodes:
            if node.element in ids and node.path in nodes:
                ids[node.element][node.path.removeprefix(f"{node.element}/")] = nodes[node.path].id
        for element, found in ids.items():
            self.made[element].register_outputs({"element": element, "native": found})


def _credentials(plan: Plan, nodes: Mapping[str, pulumi.CustomResource]) -> dict[str, Any]:
    """What operators need to use what was made: by element, or by node where an element has several."""
    makers = [node for node in plan.nodes if node.secret_outputs and node.path in nodes]
    elements = [node.element for node in makers]
    return {
        node.path if elements.count(node.element) > 1 else node.element: {
            name: getattr(nodes[node.path], name)
            for name in dict.fromkeys((*node.outputs, *node.secret_outputs))
            if name != "id"
        }
        for node in makers
    }
