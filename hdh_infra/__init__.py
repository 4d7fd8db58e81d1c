"""One description of a health-data platform, deployed with Pulumi on several clouds, and the deployments compared.

The public API, imported lazily: `import hdh_infra as hdh` loads no model, no SDK and no engine.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdh_infra.compare import compare_plans as compare
    from hdh_infra.deploy import deploy
    from hdh_infra.errors import CloudError, EngineError, HdhError, RefusedError, SpecError
    from hdh_infra.graph.observation import Observation
    from hdh_infra.graph.plan import Plan
    from hdh_infra.model.airlock import Airlock, Gate
    from hdh_infra.model.elements import (
        Backup,
        Disk,
        Expiry,
        Gpu,
        Grant,
        Group,
        Key,
        Machine,
        Retention,
        Store,
        SystemDisk,
    )
    from hdh_infra.model.lock import Lock
    from hdh_infra.model.platform import (
        Audit,
        BackupSettings,
        DeclaredFact,
        DeclaredFlavour,
        Egress,
        Existing,
        Flow,
        Naming,
        NetworkSettings,
        Passing,
        Platform,
        Replacement,
        Residency,
        Retirement,
        Space,
        SpaceDefaults,
        SpaceFlow,
        Spaces,
        TargetSettings,
        Waiver,
        Zone,
    )
    from hdh_infra.model.target import Target
    from hdh_infra.planning.assemble import make_plan as plan
    from hdh_infra.planning.load import load

__version__ = "0.1.0"

__all__ = [
    "Airlock",
    "Audit",
    "Backup",
    "BackupSettings",
    "CloudError",
    "DeclaredFact",
    "DeclaredFlavour",
    "Disk",
    "Egress",
    "EngineError",
    "Existing",
    "Expiry",
    "Flow",
    "Gate",
    "Gpu",
    "Grant",
    "Group",
    "HdhError",
    "Key",
    "Lock",
    "Machine",
    "Naming",
    "NetworkSettings",
    "Observation",
    "Passing",
    "Plan",
    "Platform",
    "RefusedError",
    "Replacement",
    "Residency",
    "Retention",
    "Retirement",
    "Space",
    "SpaceDefaults",
    "SpaceFlow",
    "Spaces",
    "SpecError",
    "Store",
    "SystemDisk",
    "Target",
    "TargetSettings",
    "Waiver",
    "Zone",
    "__version__",
    "compare",
    "deploy",
    "load",
    "plan",
]
_MODULES = {
    "hdh_infra.errors": ("HdhError", "SpecError", "RefusedError", "EngineError", "CloudError"),
    "hdh_infra.graph.observation": ("Observation",),
    "hdh_infra.graph.plan": ("Plan",),
    "hdh_infra.model.airlock": ("Airlock", "Gate"),
    "hdh_infra.model.elements": (
        "Backup",
        "Disk",
        "Expiry",
        "Gpu",
        "Grant",
        "Group",
        "Key",
        "Machine",
        "Retention",
        "Store",
        "SystemDisk",
    ),
    "hdh_infra.model.lock": ("Lock",),
    "hdh_infra.model.target": ("Target",),
}
_FUNCTIONS = {
    "load": "hdh_infra.planning:load",
    "plan": "hdh_infra.planning:make_plan",
    "compare": "hdh_infra.compare:compare_plans",
    "deploy": "hdh_infra.deploy:deploy",
}
_WHERE = {name: f"{module}:{name}" for module, names in _MODULES.items() for name in names} | _FUNCTIONS


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'hdh_infra' has no attribute {name!r}")
    module, _, member = _WHERE.get(name, f"hdh_infra.model.platform:{name}").partition(":")
    value = getattr(importlib.import_module(module), member)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """All public names, imported or not."""
    return sorted(__all__)
