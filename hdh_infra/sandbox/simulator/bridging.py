"""The plugin that becomes another when it is told to: what stands for Pulumi's dynamic bridge over Terraform providers.

An engine that is attached to it says which package it wants (`Parameterize`), as it would say it to the real bridge;
every later call names its package in its own words. So one port serves all of them, and several engines at a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.added import known
from hdh_infra.sandbox.simulator.servicer import Servicer

PLUGIN: Final = "terraform-provider"
"""The plugin's own name: what the engine looks for, whatever package it becomes."""
_CONFIGURING: Final = "pulumi:providers:"


@final
class Bridge(provider_pb2_grpc.ResourceProviderServicer):
    """Hands each call to the servicer of its package."""

    def __init__(self, servicers: Mapping[str, Servicer]) -> None:
        """Serve packages, by name."""
        self._servicers = servicers

    # --- the plugin; the names of the methods are the protocol's

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What is understood."""
        return next(iter(self._servicers.values())).Handshake(request, context)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The version of the bridge, whatever it becomes."""
        del request, context
        return plugin_pb2.PluginInfo(version=str(known(next(iter(self._servicers))).bridge["version"]))

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        """An engine comes."""
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing here takes long."""
        del request, context
        return empty_pb2.Empty()

    def Parameterize(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Become a package: the value names a Terraform provider and its version, and both must be what is simulated."""
        try:
            wanted = json.loads(request.value.value)["remote"]
            url, version = str(wanted["url"]), str(wanted["version"])
        except (ValueError, KeyError, TypeError):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "failed to parse parameterized value [simulated]")
        for package in self._servicers:
            if known(package).bridge["url"] == url and contracts.version(package) == version:
                return provider_pb2.ParameterizeResponse(name=package, version=version)
        context.abort(grpc.StatusCode.NOT_FOUND, f"no provider {url} {version} is simulated")
        return None

    # --- one package

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Of the provider that the URN names."""
        return self._of(request.urn, context).CheckConfig(request, context)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Of the provider that the URN names."""
        return self._of(request.urn, context).DiffConfig(request, context)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The same whatever it became."""
        return next(iter(self._servicers.values())).Configure(request, context)

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Of the package of the function."""
        return self._named(request.tok, context).Invoke(request, context)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Of the package of the type."""
        return self._of(request.urn, context).Check(request, context)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Of the package of the type."""
        return self._of(request.urn, context).Diff(request, context)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Of the package of the type."""
        return self._of(request.urn, context).Create(request, context)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Of the package of the type."""
        return self._of(request.urn, context).Read(request, context)

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Of the package of the type."""
        return self._of(request.urn, context).Update(request, context)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Of the package of the type."""
        return self._of(request.urn, context).Delete(request, context)

    def _of(self, urn: str, context: Any) -> Servicer:
        *_, types, _ = urn.split("::", 3)
        return self._named(types.rsplit("$", 1)[-1].removeprefix(_CONFIGURING), context)

    def _named(self, token: str, context: Any) -> Servicer:
        package = token.split(":", 1)[0]
        if package not in self._servicers:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{package} is not simulated")
        return self._servicers[package]
