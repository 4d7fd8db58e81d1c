"""What a plan needs against the offer's limits: counted in the right groups, judged, and never passed in silence."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdh_infra.catalogue.load import Site, offer_of, site, targets
from hdh_infra.catalogue.schema import Limit, Offer
from hdh_infra.graph.node import Node
from hdh_infra.graph.values import lookup, ref
from hdh_infra.model.platform import Platform
from hdh_infra.model.requirements import REQUIREMENTS
from hdh_infra.model.scales import Confidence, Verdict
from hdh_infra.model.settings import TargetSettings
from hdh_infra.model.target import Target
from hdh_infra.model.wording import value_words
from hdh_infra.planning.capacity import capacity, check_quotas

SEEN = {"source": "a page that was read", "as_of": "2026-11-25", "confidence": "primary"}
TARGET = Target.parse("azure:francecentral")
THING = "azure-native:storage:StorageAccount"


def limit(**more) -> Limit:
    return Limit.model_validate(
        {
            "name": "stores", "what": "storage accounts", "scope": "a subscription and region", "value": 250,
            "maximum": 500, "raised_by": "Ask for {need} storage accounts", "counts": [THING],
            "remedy": "Split the spaces over {parts} platforms.", **SEEN, **more,
        }
    )  # fmt: skip


def place(*limits: Limit, quotas=None, **more) -> Site:
    """An offer of these limits and of two sizes of machine."""
    offer = Offer.model_validate(
        {
            "name": "public", "title": "Offer", "facts": [], "images": {},
            "regions": [{"name": "francecentral", "country": "FR", **SEEN}],
            "flavours": [
                {"name": "Standard_D2s_v5", "vcpus": 2, "memory": "8GiB", **SEEN},
                {"name": "Standard_E4s_v5", "vcpus": 4, "memory": "32GiB", **SEEN},
                {"name": "m1.tiny", "vcpus": 1, "memory": "512MiB", **SEEN},
            ],
            **more,
        }
    ).model_copy(update={"limits": limits})  # fmt: skip
    return Site(TARGET, offer, offer.regions[0], {}, TargetSettings(quotas=quotas or {}))


def node(path: str, token: str = THING, **properties) -> Node:
    return Node(path, token, "azure", properties)


def stores(count: int) -> list[Node]:
    return [node(f"zone/lake/store/s{index}/account") for index in range(count)]


def only(rows):
    (row,) = rows
    return row


# Counting


def test_what_a_plan_needs_nothing_of_gives_no_row():
    assert list(capacity([node("platform/group", "azure-native:resources:ResourceGroup")], place(limit()))) == []


def test_what_is_only_referred_to_is_not_counted():
    """Invariant: a limit is for what the plan makes; a thing that is there already was granted before."""
    there = Node("zone/lake/store/old/account", THING, "azure", {}, existing="/subscriptions/1/accounts/old")
    assert only(capacity([there, *stores(1)], place(limit()))).asked == 1


def test_the_fullest_group_is_judged_and_named():
    rules = "azure-native:network:SecurityRule"
    a_group = limit(
        name="rules", what="rules", scope="a security group", per=["resourceGroupName", "groupName"], counts=[rules]
    )
    nodes = [
        node(f"space/{space}/rule/{index}", rules, resourceGroupName=f"rg-{space}", groupName="nsg")
        for space, count in (("a", 2), ("b", 7), ("c", 3))
        for index in range(count)
    ]
    nodes += [node("zone/lake/rule/0", rules, resourceGroupName="rg", groupName="nsg-lake")]
    row = only(capacity(nodes, place(a_group)))
    assert row.asked == 7
    assert row.reason.startswith("nsg needs 7 rules, and a security group has 250")


def test_a_group_named_by_a_reference_is_the_path_it_refers_to():
    token = "openstack:networking/secGroupRule:SecGroupRule"
    a_group = limit(name="rules", per=["securityGroupId"], counts=[token])
    nodes = [node(f"x/{index}", token, securityGroupId=ref("zone/lake/machine/spark/filter")) for index in range(3)]
    row = only(capacity([*nodes, node("y", token, securityGroupId=ref("zone/other/filter"))], place(a_group)))
    assert row.asked == 3
    assert row.reason.startswith("zone/lake/machine/spark/filter needs 3 ")


def test_endpoints_are_grouped_by_the_network_of_their_subnet():
    endpoint, subnet = "azure-native:network:PrivateEndpoint", "azure-native:network:Subnet"
    a_network = limit(name="private-endpoints", per=["subnet.id>group", "subnet.id>network"], counts=[endpoint])
    nodes = [node(f"zone/lake/subnet/{part}", subnet, group="rg", network="vnet-lake") for part in ("a", "b")]
    nodes += [
        node(f"zone/lake/store/{part}/endpoint", endpoint, subnet={"id": ref(f"zone/lake/subnet/{part}")})
        for part in ("a", "b")
    ]
    assert only(capacity(nodes, place(a_network))).asked == 2


def test_endpoints_weigh_on_every_network_that_is_joined_to_theirs():
    """Invariant: Azure drops packets in silence where joined networks together have too many endpoints."""
    peering = "azure-native:network:VirtualNetworkPeering"
    names = {"lake": 2, "a": 3, "b": 4}
    nodes = []
    for name, count in names.items():
        home = {"resourceGroupName": "rg", "virtualNetworkName": f"vnet-{name}"}
        nodes += [node(f"{name}/network", "azure-native:network:VirtualNetwork", **home)]
        nodes += [node(f"{name}/subnet", "azure-native:network:Subnet", **home)]
        nodes += [
            node(f"{name}/{index}", "azure-native:network:PrivateEndpoint", subnet={"id": ref(f"{name}/subnet")})
            for index in range(count)
        ]
        for other in {"lake": ("a", "b"), "a": ("lake",), "b": ("lake",)}[name]:
            nodes.append(
                node(f"{name}/to/{other}", peering, **home, remoteVirtualNetwork={"id": ref(f"{other}/network")})
            )
    peers = limit(name="private-endpoints", per=["network-and-peers"], counts=["azure-native:network:PrivateEndpoint"])
    row = only(capacity(nodes, place(peers)))
    assert row.asked == 9
    assert row.reason.startswith("vnet-lake needs 9 ")


MACHINES = [
    node("a/vm", "azure-native:compute:VirtualMachine", hardwareProfile={"vmSize": "Standard_D2s_v5"}),
    node("b/vm", "azure-native:compute:VirtualMachine", hardwareProfile={"vmSize": "Standard_E4s_v5"}),
    node("c/vm", "azure-native:compute:VirtualMachine", hardwareProfile={"vmSize": "Standard_E4s_v5"}),
]


def test_processors_are_summed_over_all_machines_and_by_family():
    vm = ["azure-native:compute:VirtualMachine"]
    together = limit(name="vcpus", what="vCPUs", counts=vm, sum="vcpus")
    family = limit(
        name="vcpus", key="vcpus-of-a-family", what="vCPUs of its family", counts=vm, sum="vcpus", per=["family"]
    )
    rows = list(capacity(MACHINES, place(together, family)))
    assert [(row.attribute, row.asked) for row in rows] == [("vcpus", 10), ("vcpus-of-a-family", 8)]
    assert rows[1].reason.startswith("Esv5 needs 8 vCPUs of its family, and ")


def test_memory_is_summed_and_then_rounded_up():
    """Three machines of 512 MiB need two GiB, not three."""
    token = "openstack:compute/instance:Instance"
    flavour = lookup("openstack:compute/getFlavor:getFlavor", {"name": "m1.tiny"}, "id", "openstack")
    memory = limit(name="memory", what="GiB of memory", counts=[token], sum="memory")
    nodes = [node(f"m/{index}", token, flavorId=flavour) for index in range(3)]
    assert only(capacity(nodes, place(memory))).asked == 2


def test_what_cannot_be_weighed_is_unknown_and_not_left_out():
    odd = node("d/vm", "azure-native:compute:VirtualMachine", hardwareProfile={"vmSize": "Standard_X1"})
    vcpus = limit(name="vcpus", what="vCPUs", counts=["azure-native:compute:VirtualMachine"], sum="vcpus")
    row = only(capacity([*MACHINES, odd], place(vcpus)))
    assert (row.verdict, row.asked) == (Verdict.unknown, None)
    assert "d/vm" in row.reason


def test_sizes_of_volumes_and_addresses_in_rules_are_weighed():
    volume, rule = "openstack:blockstorage/volume:Volume", "azure-native:network:SecurityRule"
    nodes = [node("v/0", volume, size=20), node("v/1", volume, size=94)]
    nodes += [node("r/0", rule, sourceAddressPrefixes=["10.0.0.4", "10.0.0.5"], destinationAddressPrefix="*")]
    size = limit(name="volume-size", counts=[volume], sum="volume-size")
    sources, ends = (
        limit(name="rules", key=f"rule-{side}", counts=[rule], sum=side) for side in ("sources", "destinations")
    )
    assert [row.asked for row in capacity(nodes, place(size, sources, ends))] == [114, 2, 1]


@pytest.mark.parametrize(
    ("prefix", "used", "verdict"), [(28, 11, Verdict.met), (28, 12, Verdict.not_met), (25, 12, Verdict.met)]
)
def test_addresses_are_judged_by_the_subnet_that_is_fullest_for_its_size(prefix, used, verdict):
    interface, subnet = "azure-native:network:NetworkInterface", "azure-native:network:Subnet"
    free = limit(
        name="addresses", what="addresses", scope="a subnet of its range", value=None, maximum=None, raised_by=None,
        size_of="addressPrefix", reserved=5, per=["ipConfigurations.subnet.id|subnet.id"], counts=[interface],
    )  # fmt: skip
    nodes = [
        node("a/subnet", subnet, addressPrefix=f"10.0.0.0/{prefix}"),
        node("b/subnet", subnet, addressPrefix="10.1.0.0/16"),
    ]
    nodes += [node(f"a/{i}", interface, ipConfigurations=[{"subnet": {"id": ref("a/subnet")}}]) for i in range(used)]
    nodes += [node(f"b/{i}", interface, ipConfigurations=[{"subnet": {"id": ref("b/subnet")}}]) for i in range(40)]
    row = only(capacity(nodes, place(free)))
    assert (row.asked, row.given, row.verdict) == (used, 2 ** (32 - prefix), verdict)
    assert row.reason.startswith("a/subnet needs ")


@given(st.permutations(MACHINES + stores(3)))
def test_the_order_of_the_resources_does_not_matter(shuffled):
    limits = (limit(), limit(name="vcpus", counts=["azure-native:compute:VirtualMachine"], sum="vcpus", per=["family"]))
    assert list(capacity(shuffled, place(*limits))) == list(capacity(MACHINES + stores(3), place(*limits)))


# Judging


@pytest.mark.parametrize(("count", "verdict"), [(249, Verdict.met), (250, Verdict.met), (251, Verdict.not_met)])
def test_a_limit_is_met_up_to_its_number(count, verdict):
    row = only(capacity(stores(count), place(limit())))
    assert (row.element, row.requirement, row.attribute) == ("platform", "capacity.stores", "stores")
    assert (row.asked, row.given, row.verdict) == (count, 250, verdict)


def test_within_the_maximum_the_request_is_named_with_its_number():
    row = only(capacity(stores(251), place(limit())))
    assert row.reason == "needs 251 storage accounts, and a subscription and region has 250 by default, 500 at most"
    assert row.remedy == (
        "Ask for 251 storage accounts; then write what was granted under targets.azure:francecentral: quotas: {stores: 251}"
    )


@pytest.mark.parametrize(("count", "parts"), [(501, 2), (1000, 2), (1001, 3), (1512, 4)])
def test_beyond_the_maximum_it_says_how_many_parts_the_platform_takes(count, parts):
    row = only(capacity(stores(count), place(limit())))
    assert row.verdict is Verdict.not_met
    assert row.remedy == f"Split the spaces over {parts} platforms."


def test_what_cannot_be_raised_is_split_at_once():
    row = only(capacity(stores(251), place(limit(maximum=None, raised_by=None))))
    assert row.reason.endswith("has 250")
    assert row.remedy == "Split the spaces over 2 platforms."


def test_what_the_cloud_takes_for_itself_is_asked_for_too():
    """Neutron's own group `default` is one of the ten."""
    ten = limit(value=10, maximum=None, reserved=1)
    assert only(capacity(stores(9), place(ten))).verdict is Verdict.met
    row = only(capacity(stores(10), place(ten)))
    assert row.verdict is Verdict.not_met
    assert "has 10 by default, of which the cloud takes 1" in row.reason
    assert row.remedy.startswith("Ask for 11 ")


def test_an_unknown_limit_is_unknown_however_little_is_needed():
    unknown = limit(value=None, maximum=None, confidence="unknown")
    row = only(capacity(stores(1), place(unknown)))
    assert (row.verdict, row.given) == (Verdict.unknown, None)
    assert row.reason == "needs 1 storage account, and how many a subscription and region has is not known"
    assert row.remedy


@pytest.mark.parametrize(
    ("count", "verdict"), [(250, Verdict.met), (251, Verdict.unknown), (500, Verdict.unknown), (501, Verdict.not_met)]
)
def test_an_inferred_number_says_what_is_enough_and_only_the_maximum_what_is_too_much(count, verdict):
    row = only(capacity(stores(count), place(limit(confidence="inferred"))))
    assert (row.verdict, row.confidence) == (verdict, Confidence.inferred)
    assert "is taken to have 250" in row.reason


@pytest.mark.parametrize(("granted", "verdict"), [(300, Verdict.met), (299, Verdict.not_met), (-1, Verdict.met)])
@pytest.mark.parametrize("known", ["primary", "inferred", "unknown"])
def test_a_granted_quota_stands_in_for_the_limit_and_is_shown_as_declared(granted, verdict, known):
    one = limit(confidence=known, **({"value": None, "maximum": None} if known == "unknown" else {}))
    row = only(capacity(stores(300), place(one, quotas={"stores": granted})))
    assert row.verdict is verdict
    assert row.confidence is Confidence.declared
    assert row.source == "the description, targets.azure:francecentral.quotas"
    assert row.given == (granted if granted >= 0 else "unlimited")
    assert "was granted" in row.reason


def test_a_quota_raises_the_limit_of_its_key_and_no_other_of_the_same_name():
    family = limit(name="stores", key="stores-of-a-kind")
    rows = list(capacity(stores(300), place(limit(), family, quotas={"stores": 300})))
    assert [(row.attribute, row.verdict) for row in rows] == [
        ("stores", Verdict.met),
        ("stores-of-a-kind", Verdict.not_met),
    ]


@given(st.integers(0, 600), st.integers(1, 600), st.sampled_from(["primary", "inferred"]), st.integers(0, 5))
def test_needing_more_is_never_judged_better(few, more, known, reserved):
    one = limit(confidence=known, reserved=reserved)
    verdicts = [row.verdict for count in (few, few + more) for row in capacity(stores(count), place(one))]
    assert verdicts == sorted(verdicts, key=lambda verdict: verdict.rank)


# Declared quotas


def described(**quotas) -> Platform:
    return Platform.model_validate(
        {"name": "clinic", "residency": {"countries": ["FR"]}, "targets": {str(TARGET): {"quotas": quotas}}}
    )


def test_a_quota_of_no_limit_is_a_problem_with_the_nearest_right_word():
    problem = only(check_quotas(described(stroes=300), place(limit())))
    assert problem.field == "targets.azure:francecentral.quotas.stroes"
    assert "has no limit 'stroes'; did you mean stores?" in problem.what


def test_a_quota_of_a_limit_is_none():
    assert list(check_quotas(described(stores=300), place(limit()))) == []


# The catalogue's own limits, on real plans

TODAY = datetime.date(2026, 11, 23)


@pytest.fixture(scope="module", params=[str(target) for target in targets() if offer_of(target).refused is None])
def judged(request):
    import hdh_infra as hdh
    from hdh_infra.planning import make_plan

    small = hdh.load("examples/small.yaml")
    return list(capacity(make_plan(small, request.param, today=TODAY).nodes, site(Target.parse(request.param), small)))


def test_the_smallest_platform_has_room_everywhere_without_asking_anybody(judged):
    """What an offer does not say is no refusal: such a row says that it is not known, and nothing else is short."""
    known = [row for row in judged if row.confidence is not Confidence.unknown]
    assert {row.attribute: row.reason for row in known if row.verdict is not Verdict.met} == {}
    assert all("is not known" in row.reason for row in judged if row.confidence is Confidence.unknown)


def test_every_row_is_told_apart_and_can_be_waived_by_name(judged):
    assert len({(row.element, row.attribute) for row in judged}) == len(judged) > 3
    assert all(REQUIREMENTS[row.requirement].waivable for row in judged)


def test_memory_is_said_as_the_number_that_quotas_take_and_not_as_bytes():
    weighed = limit(
        name="memory", what="GiB of memory", value=3, counts=["azure-native:compute:VirtualMachine"], sum="memory"
    )
    row = only(capacity(MACHINES, place(weighed)))
    assert value_words(row.measure, row.asked) == f"{row.asked}"
    assert value_words(row.measure, row.given) == "3"
