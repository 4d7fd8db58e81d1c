"""What users' test suites import: mocks, a recorder, platforms nobody thought of, and assertions that cannot pass in silence.

Importing this imports no Pulumi and no Hypothesis; the recorder and `platforms` do (`strategies` has its parts). It tests registering, not clouds: rules that only a cloud
knows are tried in the sandbox.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdh_infra.testing.plans import plan_of
    from hdh_infra.testing.recorder import ContractBrokenError, Recorder, UndeclaredInvokeError, expect, is_unknown
    from hdh_infra.testing.seen import Seen
    from hdh_infra.testing.strategies import platforms

_WHERE = {
    **dict.fromkeys(("Recorder", "expect", "is_unknown", "ContractBrokenError", "UndeclaredInvokeError"), "recorder"),
    "plan_of": "plans",
    "Seen": "seen",
    "platforms": "strategies",
}
__all__ = [
    "ContractBrokenError",
    "Recorder",
    "Seen",
    "UndeclaredInvokeError",
    "expect",
    "is_unknown",
    "plan_of",
    "platforms",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module 'hdh_infra.testing' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"hdh_infra.testing.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
