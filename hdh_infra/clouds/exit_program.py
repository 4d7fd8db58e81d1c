"""What runs on a proxy machine: its start-up data, the same for every one, and the items of metadata that it goes by.

The program stands in `data/hdh_exit.py` and makes squid's configuration from the server's own metadata, each minute. So
what a proxy lets pass changes in place, while its start-up data never do. By their text, or its digest, a reader knows
what a machine does with its metadata. Where a cloud has no metadata that a machine could ask for (`IN_USER_DATA`), the items stand
beside the program in the start-up data, and the program asks for these.

Squid, because it tells apart what is asked by the name in the request, where haproxy forwards to what it was told
before and has no CONNECT. It is Debian's and Ubuntu's own package `squid-openssl`. Sources: squid-cache.org/Doc/config
(ssl_bump, http_access, host_verify_strict), squid 5.7 as tried; cloudinit.readthedocs.io/en/latest/reference/modules.html;
docs.openstack.org/nova/latest/user/metadata.html: the metadata service has changes of a server's metadata, the config
drive has not. Read 2026-11-25. docs.outscale.com/en/userguide/Accessing-the-Metadata-and-User-Data-of-a-VM.html, numspot/docs
docs/docs/compute/vms/actions/metadata-user-data.mdx (both: /latest/user-data); cloud.google.com/compute/docs/metadata/querying-metadata
(a header is asked for, custom keys stand below instance/attributes). Read 2026-11-26.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal, TypeAlias, final

from hdh_infra.clouds.filters import Ports, ports_of, subtract, union

Kind: TypeAlias = Literal["hosts", "stores"]
KINDS: tuple[Kind, ...] = ("hosts", "stores")
LONGEST_VALUE = 255
"""Of an item of metadata (nova 34.0.0 `nova/api/validation/parameter_types.py`)."""
LONGEST_USER_DATA = 16_384
"""Of an EC2-style API, in bytes (docs.aws.amazon.com, RunInstances, UserData; our plugin refuses more)."""
MOST_ITEMS = 100
"""Of the 128 that a server has where its operator changed nothing (nova 34.0.0 `nova/conf/quota.py`); the rest is for tags."""
EARLIER: frozenset[str] = frozenset()
"""Digests of the start-up data of earlier releases that let pass nothing more than today's do: a proxy keeps its own."""
_HEADER = "#cloud-config\n"
_PLAIN: Ports = ((80, 80),)
_ITEM = re.compile(r"exit-(hosts|stores)-([0-9]{4,5})-[0-9]{1,3}")
_DESTINATION = re.compile(
    r"((?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}):([0-9]{1,5}(?:-[0-9]{1,5})?(?:,[0-9]{1,5}(?:-[0-9]{1,5})?)*)"
)
_UNITS = {
    "hdh-exit.service": "[Unit]\nDescription=Let pass what this server's metadata names\nAfter=network-online.target\n"
    "[Service]\nType=oneshot\nExecStart=/usr/local/sbin/hdh-exit\n",
    "hdh-exit.timer": "[Unit]\nDescription=Look for changes of what may pass\n"
    "[Timer]\nOnActiveSec=0\nOnUnitInactiveSec=60\nAccuracySec=1\n[Install]\nWantedBy=timers.target\n",
}
_UPDATES = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\nUnattended-Upgrade::Automatic-Reboot "true";\nUnattended-Upgrade::Automatic-Reboot-Time "03:30";\n'


@final
@dataclass(frozen=True)
class Source:
    """Where a proxy's program finds what may pass: what of its text is another's on another cloud."""

    changes: tuple[tuple[str, str], ...] = ()
    """What stands in the text, and what stands there instead."""


_ASKED = 'METADATA = "http://169.254.169.254/openstack/latest/meta_data.json"'
_READ = "metadata = json.load(answer)"
IN_METADATA = Source()
"""Of Nova, as the text has it."""
ATTRIBUTE = "hdh-exit"
"""The key of Google's metadata that holds all items, as JSON."""
_ATTRIBUTE_URL = f"http://169.254.169.254/computeMetadata/v1/instance/attributes/{ATTRIBUTE}"
IN_ATTRIBUTE = Source(
    ((_ASKED, f'METADATA = urllib.request.Request("{_ATTRIBUTE_URL}", headers={{"Metadata-Flavor": "Google"}})'),)
)
IN_USER_DATA = Source(
    (
        (_ASKED, 'METADATA = "http://169.254.169.254/latest/user-data"'),
        # The first line is cloud-init's word for the rest, which is JSON.
        (_READ, 'metadata = json.loads(answer.read().partition(b"\\n")[2])'),
    )
)
_SAID = "meta"


@functools.cache
def start_up(source: Source = IN_METADATA) -> str:
    """The start-up data of a proxy: nobody can sign in, it keeps itself up to date, and runs squid by the program."""
    return _written(_document(source))


def start_up_with(said: Mapping[str, str]) -> str:
    """The start-up data of a proxy that finds what may pass in these data themselves; cloud-init passes over that part."""
    return _written({**_document(IN_USER_DATA), _SAID: dict(said)})


def fitting(said: Mapping[str, str]) -> dict[str, str]:
    """The items that start-up data have room for; what they have no room for is not let pass."""
    found = dict(said)
    while found and len(start_up_with(found).encode()) > LONGEST_USER_DATA:
        found.popitem()
    return found


def _written(document: Mapping[str, Any]) -> str:
    # JSON is YAML: nothing in the texts can end what quotes them.
    return f"{_HEADER}{json.dumps(document, indent=1)}\n"


@functools.cache
def _document(source: Source) -> dict[str, Any]:
    program = (resources.files("hdh_infra.clouds") / "data/hdh_exit.py").read_text(encoding="utf-8")
    for old, new in source.changes:
        program = program.replace(old, new)
    files = [
        ("/usr/local/sbin/hdh-exit", "0755", f"#!/usr/bin/python3\n{program}"),
        *((f"/etc/systemd/system/{name}", "0644", text) for name, text in _UNITS.items()),
        ("/etc/apt/apt.conf.d/52hdh-exit", "0644", _UPDATES),
    ]
    return {
        # An empty list takes away the image's own user too.
        "users": [],
        "disable_root": True,
        "ssh_pwauth": False,
        "package_update": True,
        "package_upgrade": True,
        "packages": ["squid-openssl", "openssl", "ca-certificates", "python3", "unattended-upgrades"],
        "write_files": [
            {"path": path, "owner": "root:root", "permissions": mode, "content": text} for path, mode, text in files
        ],
        "runcmd": [
            ["systemctl", "mask", "--now", "ssh.service", "ssh.socket"],
            ["systemctl", "daemon-reload"],
            ["systemctl", "enable", "--now", "hdh-exit.timer"],
        ],
    }


def digest(text: str) -> str:
    """What the provider keeps of start-up data in a state (terraform-provider-openstack 3.4.0: SHA-1 of the text)."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def is_known(user_data: Any, source: Source = IN_METADATA) -> bool:
    """Whether start-up data, or what a state keeps of them, are those of a proxy that lets pass what its metadata names and no more."""
    if not isinstance(user_data, str):
        return False
    return user_data == start_up(source) or user_data in {_ours(source), *EARLIER} or digest(user_data) in EARLIER


def said_in(user_data: Any) -> Mapping[str, Any] | None:
    """What start-up data that hold the items too let pass; None where their program is not a known one."""
    if not isinstance(user_data, str):
        return None
    try:
        document = json.loads(user_data.removeprefix(_HEADER)) if user_data.startswith(_HEADER) else None
    except ValueError:
        return None
    said = document.get(_SAID) if isinstance(document, dict) else None
    return said if isinstance(said, dict) and user_data == start_up_with(said) else None


@functools.cache
def _ours(source: Source) -> str:
    return digest(start_up(source))


@final
@dataclass
class Passing:
    """What one door lets pass: ports by host name, of hosts and of buckets."""

    hosts: dict[str, Ports] = field(default_factory=dict)
    stores: dict[str, Ports] = field(default_factory=dict)


def items(doors: Mapping[int, Passing]) -> dict[str, str]:
    """The metadata that say what each door lets pass; what a server has no room for is not let pass."""
    return dict(list(_items(doors))[:MOST_ITEMS])


def _items(doors: Mapping[int, Passing]) -> Iterator[tuple[str, str]]:
    for port, passing in sorted(doors.items()):
        for kind in KINDS:
            line, number = "", 0
            for host, ports in sorted(getattr(passing, kind).items()):
                word = f"{host}:{','.join(str(low) if low == high else f'{low}-{high}' for low, high in ports)}"
                if line and len(line) + 1 + len(word) > LONGEST_VALUE:
                    yield f"exit-{kind}-{port}-{number}", line
                    line, number = "", number + 1
                line = f"{line} {word}" if line else word
            if line and len(line) <= LONGEST_VALUE:
                yield f"exit-{kind}-{port}-{number}", line


def doors(metadata: Mapping[str, Any]) -> dict[int, Passing]:
    """What a proxy with the program makes of its metadata: the same as `doors` of the program, in numbers."""
    found: dict[int, Passing] = {}
    for key, value in sorted(metadata.items()):
        item = _ITEM.fullmatch(str(key))
        if item is None:
            continue
        read = [_DESTINATION.fullmatch(one) for one in str(value).split(" ")]
        if None in read:
            continue
        passing = found.setdefault(int(item[2]), Passing())
        some = passing.hosts if item[1] == "hosts" else passing.stores
        for one in read:
            if one is not None and (ports := _ports(one[2], item[1])):
                some[one[1]] = union((*some.get(one[1], ()), *ports))
    return found


def _ports(text: str, kind: str) -> Ports:
    ports = ports_of(text.split(","))
    # What is not encrypted is let pass to hosts only.
    return subtract(ports, _PLAIN) if kind == "stores" else ports


__all__ = [
    "ATTRIBUTE",
    "EARLIER",
    "IN_ATTRIBUTE",
    "IN_METADATA",
    "IN_USER_DATA",
    "KINDS",
    "LONGEST_USER_DATA",
    "LONGEST_VALUE",
    "MOST_ITEMS",
    "Passing",
    "Source",
    "digest",
    "doors",
    "fitting",
    "is_known",
    "items",
    "said_in",
    "start_up",
    "start_up_with",
]
