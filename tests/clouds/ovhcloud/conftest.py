"""The fixtures of OpenStack's tests: OVHcloud derives from it, and is tried on the same platform."""

import importlib.util
import sys
from pathlib import Path

_file = Path(__file__).parents[1] / "openstack" / "conftest.py"
_spec = importlib.util.spec_from_file_location("openstack_fixtures", _file)
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _fixtures
_spec.loader.exec_module(_fixtures)

small, lower, deploy, state, lock_of = (
    getattr(_fixtures, name) for name in ("small", "lower", "deploy", "state", "lock_of")
)
