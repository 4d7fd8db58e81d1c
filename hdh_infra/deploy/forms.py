"""The forms of a plan as Pulumi's outputs: references, texts, documents, lookups and secrets.

Plain JSON stays plain, so that a property without a form costs nothing. No resource is registered here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, final

import pulumi
from pulumi.output import UNKNOWN, Unknown

from hdh_infra.deploy.foundation import Outputs
from hdh_infra.deploy.waiting import waited_for
from hdh_infra.graph.parts import FOUNDATION, part_of
from hdh_infra.graph.plan import Check, Provider
from hdh_infra.graph.values import Value, fill, form_of, get_output, transform, walk

SECRETS = "hdh"
"""Namespace of the stack's configuration that `$secret` names lie in."""


@final
class Forms:
    """Resolves the values of one plan against the resources that were registered so far."""

    def __init__(
        self,
        resources: Mapping[str, pulumi.CustomResource],
        providers: Mapping[str, pulumi.ProviderResource],
        described: Mapping[str, Provider],
        foundation: Outputs | None = None,
    ) -> None:
        """Keep the mappings, not copies: they grow while a plan is registered.

        Args:
            resources: by path.
            providers: by their key.
            described: the same as the plan has them.
            foundation: where what a space reads of the foundation comes from; None where all is in one stack.
        """
        self._resources = resources
        self._providers = providers
        self._described = described
        self._foundation = foundation
        self._answers: dict[str, pulumi.Output[Any]] = {}
        self._config = pulumi.Config(SECRETS)

    def value(self, value: Value) -> Any:
        """A value of a plan as the input of a resource."""
        return transform(value, self._form)

    def output(self, path: str, output: str) -> pulumi.Output[Any]:
        """An output of a node by its property path; in a preview a missing leaf is unknown, in an `up` an error."""
        if self.is_elsewhere(path):
            assert self._foundation is not None
            return self._foundation.output(path, output)
        resource = self._resources[path]
        if output == "id":
            return resource.id
        head = output.split(".", 1)[0].split("[", 1)[0]
        whole: pulumi.Output[Any] = getattr(resource, head)
        preview = pulumi.runtime.is_dry_run()

        def leaf(found: Any) -> Any:
            if isinstance(found, Unknown):
                return UNKNOWN
            value = get_output({head: found}, output)
            if value is not None:
                return value
            if preview:
                return UNKNOWN
            raise pulumi.RunError(
                f"{path}: the cloud gave no {output}, which others are made of. Look at what `pulumi stack export` "
                "holds of it, run `hdh refresh`, and try again; state is kept"
            )

        return whole.apply(leaf, run_with_unknowns=True)

    def is_elsewhere(self, path: str) -> bool:
        """Whether a node is the foundation's, and this is the program of a space."""
        return self._foundation is not None and part_of(path) == FOUNDATION

    def ask(self, check: Check) -> tuple[bool, Any]:
        """Ask what proves a step, and wait for the answer.

        Returns:
            Whether it could be asked (in a preview what it is asked of may not be there yet), and what stands at the
            check's output; None where nothing does.

        Raises:
            Exception: the provider answered with an error, or what it is asked of could not be made.
        """
        after = [self._resources[path].id for path in sorted(check.needs) if not self.is_elsewhere(path)]
        args = {
            name: pulumi.Output.all(self.value(value), *after).apply(lambda found: found[0])
            for name, value in check.args.items()
        }
        provider = self._providers[check.provider]
        options = pulumi.InvokeOptions(provider=provider, version=self._described[check.provider].version)
        answer = waited_for(pulumi.runtime.invoke_async(check.token, args, options))
        return answer is not None, None if answer is None else get_output(answer, check.output)

    def _form(self, kind: str, form: Value) -> Any:
        match kind:
            case "$ref":
                return self.output(form["$ref"], form["output"])
            case "$format":
                template: str = form["$format"]
                return _mapped(
                    [self.value(one) for one in form["args"]], lambda args: fill(template, [_text(one) for one in args])
                )
            case "$json":
                return _mapped(self.value(form["$json"]), _document)
            case "$base64":
                return _mapped(
                    self.value(form["$base64"]), lambda value: base64.b64encode(_text(value).encode()).decode()
                )
            case "$lookup":
                return self._lookup(form)
            case "$secret":
                return self._config.require_secret(form["$secret"])
            case _:
                raise AssertionError(f"the verifier let through a form that nobody resolves: {kind}")

    def _lookup(self, form: Mapping[str, Any]) -> pulumi.Output[Any]:
        """Ask a data source, each question once."""
        token, key, output = form["$lookup"], form["provider"], form["output"]
        question = json.dumps([token, key, form["args"]], sort_keys=True)
        if question not in self._answers:
            options = pulumi.InvokeOutputOptions(provider=self._providers[key], version=self._described[key].version)
            self._answers[question] = pulumi.runtime.invoke_output(token, self.value(form["args"]), options)
        preview = pulumi.runtime.is_dry_run()

        def leaf(answer: Any) -> Any:
            if isinstance(answer, Unknown):
                return UNKNOWN
            value = get_output(answer, output)
            if value is None and not preview:
                raise pulumi.RunError(
                    f"{token}: the cloud's answer to {json.dumps(form['args'])} has no {output}. "
                    "Check that it exists in this region and project; nothing depends on it yet"
                )
            return UNKNOWN if value is None else value

        return self._answers[question].apply(leaf, run_with_unknowns=True)


def secrets_of(value: Value) -> set[str]:
    """Names of the stack's secrets that a value is made of."""
    return {form["$secret"] for _, form in walk(value) if form_of(form) == "$secret"}


def _mapped(value: Any, change: Any) -> Any:
    """`change(value)`, at once where nothing in it is known later."""
    return pulumi.Output.from_input(value).apply(change) if _is_later(value) else change(value)


def _is_later(value: Any) -> bool:
    if isinstance(value, pulumi.Output):
        return True
    if isinstance(value, Mapping):
        return any(map(_is_later, value.values()))
    return isinstance(value, list) and any(map(_is_later, value))


def _text(value: Any) -> str:
    """A value inside a text: whole numbers without the fraction that the engine's wire gives them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _document(value: Any) -> str:
    return json.dumps(_whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
