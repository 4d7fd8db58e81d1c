"""Law 2's mutation test on every property at once: what is weaker is seen, or stands in a written list of what is harmless."""

import copy
import json
import os
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clouds.deployments import deployment
from tests.conformance.harmless import HARMLESS, reasons
from tests.conformance.test_local import FULL
from tests.conformance.weakening import changed, changes

WHERE = ("cloudtemple:fr1", "numspot:eu-west-2", "outscale:eu-west-2", "s3ns:u-france-east1", "scaleway:fr-par")
"""Clouds whose readers were written last; the older ones have each its own list of changes (`tests/clouds`)."""
SOME = settings(
    max_examples=6 * int(os.environ.get("HDH_EXAMPLES", "8")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def said(observed):
    """All that an observation says, but for the paths of what it was read from."""
    value = observed.to_json()
    for attributes in value["elements"].values():
        attributes.pop("native", None)
    return json.dumps(value, sort_keys=True)


@cache
def planned(where):
    found = deployment(FULL, where)
    return found, said(found.observe()), changes(found.nodes, found.types)


@pytest.mark.parametrize("where", WHERE)
@SOME
@given(data=st.data())
def test_whatever_is_weakened_in_every_resource_of_a_type_is_seen_or_is_known_to_be_harmless(where, data):
    found, before, known = planned(where)
    key = data.draw(st.sampled_from(sorted(known)))
    weaker = copy.copy(found)
    weaker.nodes = changed(found.nodes, known[key])
    assert said(weaker.observe()) != before or list(reasons(*key)), key


def test_the_list_of_what_is_harmless_names_properties_that_some_plan_has():
    """A name that nothing has any more hides nothing, and goes."""
    has = {(token.rsplit(":", 1)[-1], name) for where in WHERE for token, name, _ in planned(where)[2]}
    for types in HARMLESS.values():
        for kind, names in types.items():
            for name in names.split():
                assert any(kind in {"*", one} and name.lstrip("!").partition("=")[0] == two for one, two in has), (
                    kind,
                    name,
                )
