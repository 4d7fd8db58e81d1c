"""The links of a platform, found by an index, are those that looking at every element would find."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdh_infra.model.expand import expand
from hdh_infra.model.links import Paths
from hdh_infra.model.paths import matches, network_path
from hdh_infra.testing.strategies import platforms


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(platforms(), st.data())
def test_a_pattern_means_what_a_look_at_every_element_finds(platform, data):
    expanded = expand(platform)
    paths = sorted(expanded.elements)
    of_machines, of_stores = Paths(expanded.machines, networks=True), Paths(expanded.stores, networks=False)
    some = data.draw(st.sampled_from(paths))
    cut = data.draw(st.integers(0, len(some)))
    wild = data.draw(st.sampled_from(["", "*", "**", "?", "[a-m]*", "/*", "/machine/*", "/store/*"]))
    for pattern in (some, some[:cut] + wild, some[:cut] + wild + some[cut:], "space/*", "**", "zone/*/machine/*"):
        machines = [
            path for path in expanded.machines if matches(pattern, path) or matches(pattern, network_path(path) or "")
        ]
        assert of_machines.matching(pattern) == machines, pattern
        assert of_machines.matching(pattern) == machines, "asked again"
        assert of_stores.matching(pattern) == [path for path in expanded.stores if matches(pattern, path)], pattern
