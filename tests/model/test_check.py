"""Every rule that ties two parts of a description: its own message, its place in the file, the change to make.

A case is the good file with something changed or added. `§` stands before the line and column that are told.
"""

import datetime
import inspect
import re
from types import ModuleType

import pytest
from pydantic import BaseModel

from hdh_infra.model import airlock, check, check_meaning, key, machine, settings, store
from hdh_infra.model.expand import expand
from hdh_infra.model.load import load
from hdh_infra.model.platform import Platform
from tests.model.conftest import problems_of

GOOD = """\
name: clinic
residency: {countries: [FR]}
groups: {reviewers: {description: those who review}}
keys:
  main: {protection: hsm}
zones:
  lake:
    stores:
      data: {size: 10TB, key: main}
    machines:
      worker: {vcpus: 2, memory: 4GB}
  logs:
    stores:
      logs: {size: 1TB, retention: {days: 400}}
audit: {store: zone/logs/store/logs}
spaces:
  defaults:
    stores: {work: {size: 1TB}}
    machines: {desktop: {vcpus: 2, memory: 8GB}}
  projects:
    cohort-a: {}
    cohort-b: {stores: {own: {size: 1TB}}}
flows:
  - {from: zone/lake, to: zone/lake/store/data, ports: [443]}
"""
DATA = "data: {size: 10TB, key: main}"
WORKER = "worker: {vcpus: 2, memory: 4GB}"
LOGS = "logs: {size: 1TB, retention: {days: 400}}"
KEY = "main: {protection: hsm}"
WORK = "{size: 1TB}}\n    machines"
DESKTOP = "{vcpus: 2, memory: 8GB}"
WAIVER = "waivers:\n  - {requirement: R, element: 'E', target: 'ovhcloud:GRA', accept: unknown, reason: because we like it, until: 2030-01-01}\n"


def waiver(requirement: str, element: str, told: str) -> tuple[str, str]:
    """A waiver, of which the requirement or the element is told."""
    text = WAIVER.replace("R", requirement, 1).replace("'E'", element, 1)
    return "", text.replace(f"{told}:", f"§{told}:", 1)


CASES: list[tuple[str, tuple[str, str], str]] = [
    # Stores.
    ("Store.check_retention_needs_versioning", (DATA, "§data: {size: 1TB, versioning: false, retention: {days: 30}}"), "versioning is false but retention is 30 days: set versioning to true, or drop retention"),
    ("Store.check_key_is_used", (DATA, "§data: {size: 1TB, key: main, encryption: tenant-key}"), "key is main but encryption is tenant-key: set encryption to customer-key, or drop key"),
    ("Store.check_client_side_has_a_key", (DATA, "§data: {size: 1TB, encryption: provider-key, client_side: true}"), "client_side is true but encryption is provider-key, which has no key of the platform: set encryption to customer-key"),
    ("Store.check_expiry_waits_for_retention", (DATA, "§data: {size: 1TB, retention: {days: 30}, expiry: [{days: 29}]}"), "expiry has days 29 but retention is 30 days: what is locked cannot go; raise days"),
    ("Store.check_expiry_waits_for_retention", (DATA, "§data: {size: 1TB, retention: {days: 30}, expiry: [{days: 30, old_versions_days: 7}]}"), "expiry has old_versions_days 7 but retention is 30 days"),
    ("Store.check_expiry_rules_differ", (DATA, "§data: {size: 1TB, expiry: [{days: 1, prefix: tmp}, {days: 9, prefix: tmp}]}"), "expiry has two rules for the prefix 'tmp': make them one"),
    ("Store.check_old_versions_exist", (DATA, "§data: {size: 1TB, versioning: false, expiry: [{old_versions_days: 7}]}"), "expiry has old_versions_days but versioning is false: set versioning to true, or drop old_versions_days"),
    ("Expiry.check_something_expires", (DATA, "data: {size: 1TB, expiry: [§{prefix: tmp}]}"), "neither days nor old_versions_days is given: say when something goes, or take the rule out"),
    ("Backup.check_copies_overlap", (DATA, "data: {size: 1TB, §backup: {every_days: 7, keep_days: 6}}"), "keep_days is 6 and every_days 7: keep a copy at least until the next one"),
    # Machines.
    ("Disk.check_key_is_used", (WORKER, "worker: {vcpus: 2, memory: 4GB, §disk: {key: main, encryption: none}}"), "key is main but encryption is none"),
    ("SystemDisk.check_key_is_used", (WORKER, "worker: {vcpus: 2, memory: 4GB, §system_disk: {key: main, encryption: provider-key}}"), "key is main but encryption is provider-key"),
    ("Machine.check_system_key_is_used", (WORKER, "§worker: {vcpus: 2, memory: 4GB, disk: {encryption: provider-key}, system_disk: {key: main}}"), "key is main but encryption is provider-key"),
    ("Machine.check_spread_has_replicas", (WORKER, "§worker: {vcpus: 2, memory: 4GB, spread: zones}"), "spread is zones but count is 1: set count to 2 or more, or drop spread"),
    ("Machine.check_startup_has_no_secret", (WORKER, '§worker: {vcpus: 2, memory: 4GB, startup: "#cloud-config\\npassword: abcdef\\n"}'), "startup looks like it holds a secret in its line 2: take it out"),
    ("Machine.check_startup_has_no_secret", (WORKER, "§worker: {vcpus: 2, memory: 4GB, startup: 'echo ready'}"), "startup begins with 'echo ready': begin it with #cloud-config, or with #! for a script"),
    ("Machine.check_backup_has_a_disk", (WORKER, "§worker: {vcpus: 2, memory: 4GB, backup: {}}"), "backup is asked but there is no data disk: give disk.size, or drop backup"),
    # Keys.
    ("Key.check_custody_fits_the_origin", (KEY, "§main: {custody: shared}"), "custody is shared but origin is generated, whose material is provider's: set origin to imported, or lower custody"),
    ("Key.check_custody_fits_the_origin", (KEY, "§main: {custody: customer, origin: imported}"), "set origin to external, or lower custody"),
    ("Key.check_rotation_fits_the_origin", (KEY, "§main: {rotation_days: 90, origin: imported}"), "rotation_days is 90 but origin is imported: nobody but its maker rotates it; drop rotation_days"),
    # The whole.
    ("Naming.check_names_differ", ("", "§naming: {store: '{platform}-{name}'}\n"), "store is '{platform}-{name}', which gives several stores one name: put {network}, {kind} into it"),
    ("Airlock.check_key_is_used", ("cohort-a: {}", "cohort-a: {§airlock: {import: true, review: group/reviewers, key: main, encryption: provider-key}}"), "key is main but encryption is provider-key"),
    # References.
    ("check_keys_exist", (DATA, "data: {size: 1TB, §key: mein}"), "no key is named 'mein'; did you mean main?"),
    ("check_keys_exist", (WORKER, "worker: {vcpus: 2, memory: 4GB, disk: {size: 1GB, §key: other}}"), "no key is named 'other'; allowed: main"),
    ("check_keys_exist", (DESKTOP, "{vcpus: 2, memory: 8GB, system_disk: {§key: maine}}"), "did you mean main?"),
    ("check_keys_exist", ("cohort-a: {}", "cohort-a: {airlock: {import: true, review: group/reviewers, §key: nope}}"), "no key is named 'nope'"),
    ("check_keys_exist", ("keys:\n  main: {protection: hsm}\n", ""), "no key is named 'main': the platform has none; add it under keys:"),
    ("check_default_key_is_not_named", ("  main: {protection: hsm}\n", "  main: {protection: hsm}\n  §default: {}\n"), "'default' is the name of the key that a zone or space has of its own: choose another"),
    ("check_flow_ends_exist", ("{from: zone/lake, to", "{§from: zone/lakes, to"), "no element is 'zone/lakes'; did you mean zone/lake?"),
    ("check_flow_ends_exist", ("to: zone/lake/store/data", "§to: zone/lake/store/dat"), "did you mean zone/lake/store/data?"),
    ("check_flow_ends_exist", ("to: zone/lake/store/data", "§to: key/main"), "no element is 'key/main'"),
    ("check_flow_ends_exist", ("", "egress:\n  - {§from: zone/lake/store/data, to: pypi.org, ports: [443]}\n"), "no element is 'zone/lake/store/data'"),
    ("check_space_flow_ends_exist", ("cohort-a: {}", "cohort-a: {flows: [{§from: store/work, to: machine/*}]}"), "'store/work' is no machine of the space: write machine/NAME or machine/*"),
    ("check_space_flow_ends_exist", ("cohort-a: {}", "cohort-a: {flows: [{§to: store/own}]}"), "the space has no 'store/own'; did you mean store/work?"),
    ("check_space_flow_ends_exist", (WORK, "{size: 1TB}}\n    flows: [{§from: machine/desk, to: store/work}]\n    machines"), "the space has no 'machine/desk'; did you mean machine/desktop?"),
    ("check_space_flow_ends_exist", ("cohort-a: {}", "cohort-a: {flows: [{§to: zone/lake/store/dato}]}"), "no element is 'zone/lake/store/dato'; did you mean zone/lake/store/data?"),
    ("check_principals_exist", (DATA, "data: {size: 1TB, grants: [{§to: zone/leke}]}"), "nobody is 'zone/leke'; did you mean zone/lake?"),
    ("check_principals_exist", (DATA, "data: {size: 1TB, grants: [{§to: group/reviewer}]}"), "nobody is 'group/reviewer'; did you mean group/reviewers?"),
    ("check_principals_exist", (DATA, "data: {size: 1TB, grants: [{§to: zone/lake/store/data}]}"), "nobody is 'zone/lake/store/data'"),
    ("check_principals_exist", ("cohort-a: {}", "cohort-a: {airlock: {import: true, §review: group/nobody}}"), "nobody is 'group/nobody'"),
    ("check_principals_exist", ("cohort-a: {}", "cohort-a: {airlock: {import: {§outside: zone/gate}, review: group/reviewers}}"), "nobody is 'zone/gate'"),
    ("check_principals_exist", (KEY, "main: {users: [§zone/lakes]}"), "nobody is 'zone/lakes'; did you mean zone/lake?"),
    ("check_principals_exist", ("cohort-a: {}", "cohort-a: {key: {users: [§space/cohort-z]}}"), "nobody is 'space/cohort-z'; did you mean space/cohort-a?"),
    ("check_groups_exist", ("cohort-a: {}", "cohort-a: {groups: [§reviewer]}"), "no group is named 'reviewer'; did you mean reviewers?"),
    ("check_groups_exist", (KEY, "main: {administrators: [§admins]}"), "no group is named 'admins'; allowed: reviewers"),
    ("check_groups_exist", ("", "targets: {'azure:francecentral': {groups: {§reviwers: abc}}}\n"), "did you mean reviewers?"),
    ("check_stage_names_are_free", (WORK, "{size: 1TB}, §airlock-in: {size: 1TB}}\n    machines"), "'airlock-in' begins as the stages of an airlock do (airlock-...): choose another name"),
    ("check_accounts_are_of_machines", ("", "targets: {'outscale:eu-west-2': {accounts: {§zone/leke: '000000000001'}}}\n"), "'zone/leke' has no machines; did you mean zone/lake?"),
    ("check_existing_are_named", ("", "targets: {'azure:francecentral': {existing: {§zone/leke: /subscriptions/1}}}\n"), "'zone/leke' cannot be named instead of made; did you mean zone/lake?"),
    ("check_existing_are_named", ("", "targets: {'openstack:RegionOne': {project: p1, existing: {§project: p2}}}\n"), "is given twice, here and as project: keep one of them"),
    ("check_egress_is_outside", ("", "egress:\n  - {from: zone/lake, §to: 10.64.0.0/16, ports: [443]}\n"), "10.64.0.0/16 overlaps the platform's own 10.64.0.0/12: name addresses outside, or write a flow"),
    ("check_addresses", ("", "network: {§address_space: 8.0.0.0/12}\n"), "8.0.0.0/12 is not private: use a range of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"),
    ("check_addresses", ("cohort-a: {}", "cohort-a: {§address_range: 192.168.1.0/24}"), "192.168.1.0/24 is not inside the platform's 10.64.0.0/12"),
    ("check_addresses", ("cohort-a: {}\n    cohort-b: {", "cohort-a: {address_range: 10.64.7.0/24}\n    cohort-b: {§address_range: 10.64.7.128/25, "), "10.64.7.128/25 overlaps 10.64.7.0/24 of spaces.projects.cohort-a: choose another range"),
    ("check_addresses", ("", "network: {address_space: 10.0.0.0/24, §prefix_length: 25}\n"), "4 zones and spaces want a /25 each, and 10.0.0.0/24 holds 2: widen address_space or raise prefix_length"),
    ("check_waivers", waiver("store.encrypton", "'**'", "requirement"), "no requirement is 'store.encrypton'; did you mean store.encryption?"),
    ("check_waivers", waiver("region.country", "'**'", "requirement"), "region.country can never be waived: choose a target that meets it"),
    ("check_waivers", waiver("store.encryption", "zone/lake/store/dta", "element"), "no element is 'zone/lake/store/dta'; did you mean zone/lake/store/data?"),
    ("check_waivers", waiver("key.protection", "'zone/*/store/*'", "element"), "waives nothing: key.protection is asked of key only, and 'zone/*/store/*' means none"),
    ("check_replaced_are_there", ("", "replace:\n  - {§element: zone/lake/store/date, reason: because we like it}\n"), "did you mean zone/lake/store/data?"),
    ("check_retired_are_gone", ("", "retire:\n  - {§element: zone/lake/store/data, reason: because we like it, data: keep}\n"), "zone/lake/store/data is still described: take it out, or drop it here"),
    ("check_retired_are_gone", ("", "retire:\n  - {§element: 'space/**', reason: because we like it, data: keep}\n"), "space/** means space/cohort-a"),
    # Meanings.
    ("check_residency_is_left", ("{countries: [FR]}\n", "{§countries: [US, CH]}\nframeworks: [HDS-2.0]\n"), "CH, US lies outside what HDS-2.0 EXI 28 allows (health data are stored in the EEA only): name a country of AT, BE"),
    ("check_log_retention", (LOGS + "\n", "logs: {size: 1TB, retention: {§days: 200}}\nframeworks: [EHDS-2025-327, SecNumCloud-3.2]\n"), "200 days are less than EHDS-2025-327 Art. 73(1)(e) asks"),
    ("check_log_retention", (LOGS, "§logs: {size: 1TB}"), "keeps the logs but has no retention, so that whoever writes them can delete them: give retention: {days: 365, mode: compliance}"),
    ("check_log_retention", (LOGS, "logs: {size: 1TB, retention: {days: 400, §mode: governance}}"), "is governance, and a privileged user could delete the logs: set mode to compliance"),
    ("check_log_retention", (LOGS + "\n", "logs: {size: 1TB, expiry: [§{days: 90}]}\nframeworks: [SecNumCloud-3.2]\n"), "logs would go after 90 days, and SecNumCloud-3.2 12.6.c asks 183"),
    ("check_audit_is_apart", ("{store: zone/logs/store/logs}", "{§store: zone/logs/store/log}"), "no store of a zone is 'zone/logs/store/log'; allowed: zone/lake/store/data, zone/logs/store/logs"),
    ("check_audit_is_apart", ("{store: zone/logs/store/logs}", "{§store: space/cohort-a/store/work}"), "no store of a zone is 'space/cohort-a/store/work'"),
    ("check_audit_is_apart", (LOGS, LOGS + "\n      more: {size: 1TB}"), "zone/logs holds more as well: logs lie apart from what they watch, in a zone of their own"),
    ("check_audit_is_apart", (LOGS, "logs: {size: 1TB, retention: {days: 400}, grants: [§{to: group/reviewers, access: write}]}"), "group/reviewers may write where the logs are: only the cloud writes them; give read, or nothing"),
    ("check_audit_store_has_no_writer", ("ports: [443]}\n", "ports: [443]}\n  - {from: zone/lake, §to: zone/logs/store/*, ports: [443]}\n"), "leads to zone/logs/store/logs, which has no grants, so that zone/lake may delete logs"),
    ("check_audit_store_has_no_writer", ("cohort-a: {}", "cohort-a: {flows: [{§to: zone/logs/store/logs}]}"), "so that space/cohort-a may delete logs"),
    ("check_audit_store_has_no_writer", (WORK, "{size: 1TB}}\n    flows: [{§to: zone/logs/store/logs}]\n    machines"), "so that each space may delete logs"),
    ("check_rights_have_a_way", (DATA, "data: {size: 1TB, grants: [{to: zone/lake}, §{to: space/cohort-a, access: append}]}"), "space/cohort-a/machine/desktop may append here and no flow leads it here: add to flows: {from: space/cohort-a, to: zone/lake/store/data, ports: [443]}"),
    ("check_rights_have_a_way", ("own: {size: 1TB}", "own: {size: 1TB, grants: [§{to: space/cohort-b/machine/desktop}]}"), "space/cohort-b/machine/desktop may read here and no flow leads it here"),
    ("check_ways_have_a_right", (DATA, "data: {size: 1TB, grants: []}"), "zone/lake has no right on zone/lake/store/data, whose grants name others: add to its grants {to: zone/lake, access: read}"),
    ("check_principals_exist", (DATA, "data: {size: 1TB, grants: [{§to: machine/wroker, access: write}]}"), "no machine beside it is 'machine/wroker'; did you mean machine/worker?"),
    ("check_rights_have_an_identity", (WORKER, "worker: {vcpus: 2, memory: 4GB, §identity: false}"), "is false, and zone/lake/machine/worker may write zone/lake/store/data: set identity to true, or take the flow or grant out"),
    ("check_rights_have_an_identity", (KEY + "\nzones:\n  lake:\n    stores:\n      data: {size: 10TB, key: main}\n    machines:\n      worker: {vcpus: 2, memory: 4GB}", "main: {users: [zone/lake]}\nzones:\n  lake:\n    stores:\n      data: {size: 10TB, key: main, grants: []}\n    machines:\n      worker: {vcpus: 2, memory: 4GB, §identity: false}"), "is false, and zone/lake/machine/worker may use key/main: set identity to true, or take it out of the key's users"),
    ("check_airlock_leads_somewhere", ("cohort-a: {}", "cohort-a: {§airlock: {review: group/reviewers}}"), "lets nothing in and nothing out: set import or export to true, or drop airlock"),
    ("check_copies_of_logs_last", (LOGS, "logs: {size: 1TB, retention: {days: 400}, backup: {§keep_days: 30}}"), "copies of the logs go after 30 days, before the logs themselves (400): raise keep_days"),
]  # fmt: skip


def change(change: tuple[str, str]) -> str:
    """The good file with one text in the place of another, or something added to its end."""
    old, new = change
    assert not old or GOOD.count(old) == 1, f"{old!r} is there {GOOD.count(old)} times"
    return GOOD.replace(old, new) if old else GOOD + new


def test_the_good_file_breaks_no_rule(tmp_path):
    file = tmp_path / "spec.yaml"
    file.write_text(GOOD)
    load(file)


@pytest.mark.parametrize(
    ("rule", "changed", "says"), CASES, ids=[f"{index}-{one[0]}" for index, one in enumerate(CASES)]
)
def test_a_broken_rule_is_told_with_its_place_and_the_change_to_make(tmp_path, rule, changed, says):
    marked = change(changed)
    found = problems_of(marked.replace("§", ""), tmp_path)
    told = [one for one in found if says in one]
    assert told, found
    if "§" in marked:
        before = marked[: marked.index("§")]
        place = f":{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        assert told[0].startswith(f"{place} "), (place, told[0])


def test_a_broken_rule_is_told_once_and_alone(tmp_path):
    """One mistake is one message; but for those that are of two parts."""
    for _, changed, _ in CASES:
        found = problems_of(change(changed).replace("§", ""), tmp_path)
        assert len(found) == len(set(found)), found
        assert len(found) <= 2, (changed, found)


def rules_of(module: ModuleType) -> set[str]:
    """Every rule of a module: its functions `check_...` and the validators of its models."""
    found = {
        name
        for name, one in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("check_") and one.__module__ == module.__name__
    }
    for name, one in inspect.getmembers(module, inspect.isclass):
        if issubclass(one, BaseModel) and one.__module__ == module.__name__:
            found |= {f"{name}.{rule}" for rule in vars(one) if rule.startswith("check_")}
    return found


def test_every_rule_has_a_case():
    """A rule without a case here is one that nobody saw fail."""
    rules = {
        rule for module in (store, machine, key, airlock, settings, check, check_meaning) for rule in rules_of(module)
    }
    elsewhere = {"check_key_is_used", "check_dates"}
    assert rules - {one[0] for one in CASES} - elsewhere == set()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("egress:\n  - {from: zone/lake, to: 10.0.0.0/33, ports: [443]}\n", "'10.0.0.0/33' is neither an address range nor a host name: write 192.0.2.0/24, pypi.org or *.debian.org"),
        ("egress:\n  - {from: zone/lake, to: '*.*.org', ports: [443]}\n", "is neither an address range nor a host name"),
        ("network: {domain: '*.internal'}\n", "'*.internal' is not a domain: write small letters and dots, such as hdh.internal"),
        ("naming: {machine: '{platform}-{kind}-{network}-{nam}'}\n", "names {nam}, which is not known; allowed: {kind}, {name}, {network}, {platform}"),
        ("naming: {machine: '{platform'}\n", "is no pattern"),
        ("naming: {machine: 'A-{kind}-{network}-{name}'}\n", "has more than small letters, digits and hyphens between its fields"),
        ("targets: {azure: {}}\n", "'azure' is not a target: write cloud:region or cloud/offer:region, such as azure:francecentral"),
        ("requires: [postgres]\n", "did you mean postgresql?"),
        ("frameworks: [HDS-2]\n", "did you mean HDS-2.0?"),
        ("tags: {Cost: x}\n", "is not a name: 1 to 32 small letters, digits and single hyphens, starting with a letter"),
        ("ssh_keys: [ssh-dss AAAA]\n", "ssh_keys[0]"),
    ],
)  # fmt: skip
def test_what_has_another_form_is_told_with_the_form_it_should_have(tmp_path, text, says):
    found = problems_of(GOOD + text, tmp_path)
    assert any(says in one for one in found), found
    line = GOOD.count("\n") + 1
    assert all(re.match(rf":({line}|{line + 1}):\d+ ", one) for one in found), found


def platform(**more) -> Platform:
    return Platform.model_validate({"name": "clinic", "residency": {"countries": ["FR"]}, **more})


MACHINE = {"vcpus": 1, "memory": "1GB"}


@pytest.mark.parametrize("end", ["from", "to"])
def test_a_flow_that_names_a_space_past_its_end_is_told_on_the_day_after(end):
    ends = datetime.date(2027, 3, 31)
    other = "to" if end == "from" else "from"
    described = platform(
        zones={"a": {"machines": {"m": MACHINE}}},
        spaces={"projects": {"p": {"ends": str(ends), "machines": {"m": MACHINE}}}},
        flows=[
            {end: "space/p/machine/m", other: "zone/a", "ports": [22]},
            {"from": "space/*", "to": "zone/a", "ports": [22]},
        ],
    )
    assert check.check(described) == []
    assert check_meaning.check_dates(described, expand(described, ends), ends) == []
    after = ends + datetime.timedelta(days=1)
    (problem,) = check_meaning.check_dates(described, expand(described, after), after)
    assert problem.field == f"flows[0].{end}"
    assert (
        "space/p ended on 2027-03-31 (2027-04-01 is past it) and is closed: take the flow out, or prolong the space"
        in problem.what
    )


def test_a_platform_written_in_python_is_told_the_same_without_a_file():
    wrong = platform(zones={"a": {"stores": {"s": {"size": "1TB", "key": "none"}}}})
    (problem,) = check.check(wrong)
    assert "no key is named 'none'" in str(problem)
    assert "zones.a.stores.s.key" in str(problem)


def test_what_the_parts_mean_together_is_said_only_of_parts_that_are_there(tmp_path):
    """One mistake is not told twice: a flow to nowhere is no missing way as well."""
    text = change((DATA, "data: {size: 1TB, grants: [{to: space/cohort-a}]}")).replace(
        "from: zone/lake", "from: zone/lakee"
    )
    found = problems_of(text, tmp_path)
    assert len(found) == 1, found
    assert "did you mean zone/lake?" in found[0]
