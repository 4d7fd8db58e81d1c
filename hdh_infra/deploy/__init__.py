"""A plan inside a Pulumi program, and the engine by its Automation API.

Importing this imports neither Pulumi nor the engine: that happens when something is deployed. It lowers
nothing and judges nothing: plans come from `planning`, and what is refused is refused for a plan's own verdicts.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdh_infra.deploy.operations import destroy, preview, refresh, state, up
    from hdh_infra.deploy.program import deploy
    from hdh_infra.deploy.realising import Deployed, realise
    from hdh_infra.deploy.request import Observer, OpenStep, Request, Result, Silent, Step
    from hdh_infra.deploy.stored import natives_of_state
    from hdh_infra.deploy.world import PROJECT

_WHERE = {
    **dict.fromkeys(("preview", "up", "refresh", "destroy", "state"), "operations"),
    **dict.fromkeys(("Request", "Result", "Step", "OpenStep", "Observer", "Silent"), "request"),
    **dict.fromkeys(("Deployed", "realise"), "realising"),
    "deploy": "program",
    "natives_of_state": "stored",
    "PROJECT": "world",
}
__all__ = [
    "PROJECT",
    "Deployed",
    "Observer",
    "OpenStep",
    "Request",
    "Result",
    "Silent",
    "Step",
    "deploy",
    "destroy",
    "natives_of_state",
    "preview",
    "realise",
    "refresh",
    "state",
    "up",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module 'hdh_infra.deploy' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"hdh_infra.deploy.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


class _Callable(ModuleType):
    """This package under the name of its main function: `hdh.deploy(...)` means the same whatever was imported before."""

    def __call__(self, *arguments: Any, **options: Any) -> Deployed:
        """See `deploy`."""
        from hdh_infra.deploy.program import deploy as call

        return call(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
