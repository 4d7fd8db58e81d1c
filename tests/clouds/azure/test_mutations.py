"""Each planned value changed: the observation changes, or the property is on a list (mutations.yaml) with its reason."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hdh_infra.clouds.azure import CLOUD
from hdh_infra.contracts.arm import arm_tokens, arm_type
from hdh_infra.graph.values import ref
from hdh_infra.planning.assemble import observe_plan
from tests.clouds.azure.mutations import ELSEWHERE, mutations

LISTED = YAML(typ="safe").load((Path(__file__).parent / "mutations.yaml").read_text(encoding="utf-8"))
EVERY = "every type"
NAMED = "managed name"


@pytest.fixture(scope="module")
def results(platform, plan, wide, wide_plan):
    """By type and path: which changes were seen, and which not, with the nodes."""
    found = defaultdict(lambda: (defaultdict(list), defaultdict(list)))
    for described, planned in ((platform, plan), (wide, wide_plan)):

        def observed(nodes, described=described, planned=planned):
            return observe_plan(replace(planned, nodes=tuple(nodes), read=None), described)

        before = observed(planned.nodes)
        for mutation, other in mutations(list(planned.nodes)):
            after = observed([other if one is mutation.node else one for one in planned.nodes])
            seen, unseen = found[mutation.kind, mutation.path]
            (unseen if after == before else seen)[mutation.label].append(mutation.node.path)
    return dict(found)


def keys_of(kind, path, label):
    """The lines of the list that may excuse a change, the widest first."""
    done = "removed" if label == "removed" else "changed"
    keys = [(kind, path), (kind, f"{path} {done}"), (kind, f"{path} {label}"), (EVERY, path), (EVERY, f"{path} {done}")]
    known = arm_type(f"azure-native:{kind}")
    if known and path in {known.name, *known.path}:
        # A name by which children find their parents is seen where it matters; where it is not, it is a name.
        keys.append((EVERY, NAMED))
    return keys


def listed(key):
    kind, line = key
    return (LISTED.get(kind) or {}).get(line)


def test_each_value_of_each_node_is_seen_when_it_changes_or_is_listed_with_its_reason(results):
    blind = [
        f"{kind} {path} {label}: {', '.join(nodes[:2])}"
        for (kind, path), (_, unseen) in sorted(results.items())
        for label, nodes in unseen.items()
        if not any(listed(key) for key in keys_of(kind, path, label))
    ]
    assert blind == [], "\n".join(["make `observe` see it, or list it with its reason:", *blind])


def test_every_line_of_the_list_is_needed_and_says_no_more_than_it_must(results):
    used = set()
    for (kind, path), (_, unseen) in results.items():
        for label in unseen:
            used |= {key for key in keys_of(kind, path, label) if listed(key)}
    tried_paths = {f"{kind} {path}" for kind, path in results}
    lines = {
        (kind, line)
        for kind, entries in LISTED.items()
        for line in entries or {}
        # What these two platforms do not have is not judged; a property that no node states is not either.
        if kind == EVERY or any(f"{kind} {line} ".startswith(f"{one} ") for one in tried_paths)
    }
    assert lines - used == set(), "no longer needed"
    wide = []
    for kind, line in sorted(lines):
        _, unseen = results.get((kind, line), ({}, {}))
        labels = {"removed" if label == "removed" else "changed" for label in unseen}
        if kind != EVERY and unseen and labels != {"removed", "changed"} and len(tried(results, kind, line)) == 2:
            wide.append(f"{kind} {line}: say `{line} {labels.pop()}`")
    assert wide == []


def tried(results, kind, path):
    seen, unseen = results[kind, path]
    return {"removed" if label == "removed" else "changed" for label in (*seen, *unseen)}


def test_the_list_gives_a_reason_for_each_and_knows_every_type_of_the_plans(results):
    assert all(isinstance(why, str) and why for entries in LISTED.values() for why in (entries or {}).values())
    assert set(LISTED) - {EVERY} <= {one.removeprefix("azure-native:") for one in arm_tokens()}


# What a plan does not state and somebody could add: type, path of the node, the property with its value, a word of the remark.
ADDED = [
    ("storage:StorageAccount", {"customDomain": {"name": "data.example.org"}}, "not Azure's"),
    ("storage:BlobContainer", {"defaultEncryptionScope": "other"}, "another key than the account's"),
    ("compute:Disk", {"maxShares": 2}, "several machines"),
    ("compute:VirtualMachine", {"identity": {"type": "UserAssigned", "userAssignedIdentities": [ELSEWHERE]}}, "an identity that is not"),
    ("compute:VirtualMachine", {"diagnosticsProfile": {"bootDiagnostics": {"enabled": True, "storageUri": "https://x.blob.core.windows.net/"}}}, "its console"),
    ("compute:DiskEncryptionSet", {"activeKey": {"keyUrl": "https://other.vault.azure.net/keys/x/1"}}, "a key that was not read"),
    ("compute:Disk", {"encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": ELSEWHERE}}, "no encryption set"),
    ("authorization:RoleDefinition", {"permissions": [{"actions": ["Microsoft.Compute/*"], "dataActions": []}]}, "manage resources"),
    ("network:NetworkInterface", {"ipConfigurations": [{"subnet": ref("zone/lake/subnet/machines"), "privateIPAddress": "10.64.9.9"}]}, "Azure chooses"),
    ("network:PrivateEndpoint", {"privateLinkServiceConnections": [{"groupIds": ["file"], "privateLinkServiceId": ref("zone/lake/store/snds/account")}]}, "leads to file"),
    ("network:NetworkSecurityGroup", {"location": "westeurope"}, "lies in westeurope"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "properties", "word"), ADDED, ids=[f"{kind} {word}" for kind, _, word in ADDED])
def test_what_is_added_to_a_node_and_weakens_it_is_remarked_on(platform, plan, kind, properties, word):
    node = next(one for one in plan.nodes if one.type == f"azure-native:{kind}")
    other = replace(node, properties={**node.properties, **properties})
    nodes = tuple(other if one is node else one for one in plan.nodes)
    remarks = observe_plan(replace(plan, nodes=nodes, read=None), platform).remarks
    assert [one for one in remarks if word in one and one.startswith(f"{node.path}:")]
    assert not [one for one in observe_plan(replace(plan, read=None), platform).remarks if word in one]


def test_the_cloud_that_is_tried_is_the_one_whose_nodes_are_changed(plan):
    assert CLOUD.name == "azure"
    assert {node.provider for node in plan.nodes} == {"azure"}
