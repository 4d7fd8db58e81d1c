"""The Pulumi engine and the OpenStack plugin of this machine: found, installed, or built where there is no download site.

It deliberately runs no deployment and knows no cloud: who deploys takes the command and the environment from here.
What is built is pinned to the byte (`go/*/go.sum`), kept in the user's cache and built once for each state of the sources.
"""

from __future__ import annotations

from hdh_infra.sandbox.engine.search import Engine, ensure, ensure_openstack_plugin, environment, find

__all__ = ["Engine", "ensure", "ensure_openstack_plugin", "environment", "find"]
