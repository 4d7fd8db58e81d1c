"""Plans and deployments side by side: verdicts, who can reach whom, native resources; and the reports of them.

Importing this imports no model yet. It deliberately reads no cloud and no engine: what is compared is
handed in as plans or observations.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdh_infra.compare.assessment import Assessment as Assessment
    from hdh_infra.compare.assessment import assessment as assessment
    from hdh_infra.compare.comparison import Comparison as Comparison
    from hdh_infra.compare.comparison import answers as answers
    from hdh_infra.compare.comparison import compare_plans as compare_plans
    from hdh_infra.compare.comparison import compare_sides as compare_sides
    from hdh_infra.compare.side import Side as Side

_WHERE = {
    **dict.fromkeys(("Assessment", "assessment"), "assessment"),
    **dict.fromkeys(("Comparison", "answers", "compare_plans", "compare_sides"), "comparison"),
    "Side": "side",
}


class _Room(types.ModuleType):
    """This package: `hdh_infra.compare` is the public function and the name of this folder, so both can be called."""

    def __call__(self, *args: Any, **named: Any) -> Comparison:
        """As `compare_plans`."""
        from hdh_infra.compare.comparison import compare_plans

        return compare_plans(*args, **named)

    def __getattr__(self, name: str) -> Any:
        """Import what is asked for, when it is asked for."""
        if name not in _WHERE:
            raise AttributeError(f"module 'hdh_infra.compare' has no attribute {name!r}")
        module = importlib.import_module(f"hdh_infra.compare.{_WHERE[name]}")
        # `assessment` is a module and its main function: the function is what is asked for.
        value = getattr(module, name)
        setattr(self, name, value)
        return value


sys.modules[__name__].__class__ = _Room
