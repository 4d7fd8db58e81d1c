"""What is found by an index is what looking at every resource would find, whoever writes and whatever goes."""

from __future__ import annotations

from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from hdh_infra.sandbox.simulator.making import naming
from hdh_infra.sandbox.simulator.store import Row, Store
from hdh_infra.sandbox.simulator.templates import texts

GROUP = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network"
NETWORKS = [f"{GROUP}/virtualNetworks/{name}" for name in ("a", "A-b", "ab", "b")]
IDS = [*NETWORKS, *(f"{one}/subnets/{name}" for one in NETWORKS for name in ("s", "s-2"))]
steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put by another", "remove", "keep"]),
        st.sampled_from(IDS),
        st.lists(st.sampled_from(IDS), max_size=3),
    ),
    max_size=12,
)


def scanned(store: Store, identity: str) -> list[str]:
    """Ids of the living resources that name one or something in it, by looking at each."""
    mine = identity.lower()
    return [
        row.id
        for row in store.all()
        if row.alive and any(one.lower() == mine or one.lower().startswith(f"{mine}/") for one in texts(row.inputs))
    ]


@settings(max_examples=40, deadline=None)
@given(steps=steps)
def test_an_index_finds_what_a_look_at_every_resource_finds(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("box")
    files = folder / "cloud.sqlite", folder / "cloud.key"
    with closing(Store(*files)) as store, closing(Store(*files)) as other:
        naming(store, IDS[0])
        for what, identity, named in steps:
            row = Row(identity, "t:m:T", {"ids": [{"id": one} for one in named]})
            if what == "put by another":
                other.put(row)
            elif what == "remove":
                store.remove(identity)
            else:
                row.deleted_until = 1.0 if what == "keep" else None
                store.put(row)
            for one in IDS:
                assert [row.id for row in naming(store, one)] == scanned(store, one)
                below = [row.id for row in store.all() if row.id.lower().startswith(f"{one.lower()}/")]
                assert [row.id for row in store.below(one)] == below
            assert {row.id for row in store.deleted()} == {row.id for row in store.all() if not row.alive}
            assert [row.id for row in store.all()] == sorted((row.id for row in store.all()), key=str.lower)


def test_in_a_session_rows_of_others_are_seen_afterwards(tmp_path):
    files = tmp_path / "cloud.sqlite", tmp_path / "cloud.key"
    with closing(Store(*files)) as store, closing(Store(*files)) as other:
        with store.session():
            other.put(Row(IDS[0], "t:m:T", {}))
            assert store.get(IDS[0]) is None
        assert store.get(IDS[0]) is not None
