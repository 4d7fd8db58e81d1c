"""What a bastion is told at its first start, and whether what one was told closes it to all but passing through.

People come with a key, open a connection to a machine through it (`ssh -J`), and do nothing on it: no terminal, no
command, no file, no agent, no X11, no tunnel, no way back. Nobody is administrator of it; it brings itself up to date, and a change of
what it is told makes it anew. Its journal says which key came from where and to which machine it went on.

Tried 2026-11-25 with Debian 12's OpenSSH 9.2 and nothing of a cloud: a key passes to port 22 of a named address; another port or address, a
command, a terminal, sftp, a way back, root and a password are refused; the journal has key, origin and target. Sources: sshd_config(5) of that release
(MaxSessions, PermitOpen, LogVerbose), its serverloop.c (`server_request_direct_tcpip`), and the names of cloud-init's modules
users-groups, write-files and package-update-upgrade-install.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.clouds.filters import Network
from hdh_infra.graph.values import Value

ACCOUNT = "entry"
"""The only account, without a shell and without any right."""
SESSION_PORT = 22
_HEADER = "#cloud-config"
_NO_SHELL = "/usr/sbin/nologin"
_SSH_FOLDER = "/etc/ssh/sshd_config.d/"
_SSH_FILE = f"{_SSH_FOLDER}00-bastion.conf"
_JOURNAL_FILE = "/etc/systemd/journald.conf.d/bastion.conf"
_UPDATES_FILE = "/etc/apt/apt.conf.d/52bastion"
_LONGEST_LIST = 128
"""Addresses that are named one by one; of a wider range any is, and the filter alone says which."""
_FIRST, _LAST = 4, -2
"""Of the lower half of a range, the addresses that the lock gives."""
_NOWHERE = "none"
_ENCRYPTED = "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com"
DIRECTIVES: Mapping[str, str] = {
    # Keys alone, and never those of root.
    "PermitRootLogin": "no",
    # An account without a password is locked, and let in only so.
    "UsePAM": "yes",
    "AllowUsers": ACCOUNT,
    "AuthenticationMethods": "publickey",
    "PubkeyAuthentication": "yes",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "PermitEmptyPasswords": "no",
    "MaxAuthTries": "3",
    "LoginGraceTime": "30",
    # Nothing but passing through.
    "MaxSessions": "0",
    "PermitTTY": "no",
    "ForceCommand": _NO_SHELL,
    "AllowTcpForwarding": "local",
    "PermitListen": "none",
    "GatewayPorts": "no",
    "AllowAgentForwarding": "no",
    "AllowStreamLocalForwarding": "no",
    "X11Forwarding": "no",
    "PermitTunnel": "no",
    "PermitUserRC": "no",
    "PermitUserEnvironment": "no",
    # Modern algorithms alone, and short keys refused.
    "HostKey": "/etc/ssh/ssh_host_ed25519_key",
    "KexAlgorithms": "sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org",
    "Ciphers": _ENCRYPTED,
    "MACs": "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com",
    "RequiredRSASize": "2048",
    # Who comes, with which key, and where to.
    "LogLevel": "VERBOSE",
    "LogVerbose": "serverloop.c:server_request_direct_tcpip():*",
    "ClientAliveInterval": "300",
    "ClientAliveCountMax": "2",
}
"""What sshd is told, and what a bastion that was told less is remarked on for; `PermitOpen` stands beside it."""
_JOURNAL = "[Journal]\nStorage=persistent\nCompress=yes\nSystemMaxUse=4G\nMaxRetentionSec=1year\n"
_UPDATES: Mapping[str, str] = {
    "APT::Periodic::Update-Package-Lists": "1",
    "APT::Periodic::Unattended-Upgrade": "1",
    "Unattended-Upgrade::Automatic-Reboot": "true",
    "Unattended-Upgrade::Automatic-Reboot-Time": "03:30",
}
_PLAIN: Mapping[str, Any] = {
    "disable_root": True,
    "ssh_pwauth": False,
    "ssh_deletekeys": True,
    "ssh_genkeytypes": ["ed25519"],
    "package_update": True,
    "package_upgrade": True,
    "packages": ["unattended-upgrades"],
}
"""What cloud-init itself is told."""
_KNOWN = frozenset({*_PLAIN, "users", "write_files"})
_DIGEST = 40
_PERSON: Mapping[str, Any] = {"name": ACCOUNT, "gecos": "Passing through", "shell": _NO_SHELL, "lock_passwd": True}


def start_up(keys: Sequence[str], machines: Network) -> str:
    """The start-up data of a bastion, as a document for cloud-init.

    Args:
        keys: public SSH keys of the people who may pass.
        machines: the range whose addresses they may pass to. Machines have those of its lower half, whichever there are, so that one more makes no bastion anew.
    """
    lines = [_HEADER, *(f"{name}: {_scalar(value)}" for name, value in _PLAIN.items())]
    lines += ["users:", *_item({name: _scalar(value) for name, value in _PERSON.items()})]
    lines += ["    ssh_authorized_keys:" if keys else "    ssh_authorized_keys: []"]
    lines += [f"      - {_scalar(key)}" for key in keys]
    files = {
        _SSH_FILE: "".join(
            f"{name} {value}\n" for name, value in (*DIRECTIVES.items(), ("PermitOpen", _open(machines)))
        ),
        _JOURNAL_FILE: _JOURNAL,
        _UPDATES_FILE: "".join(f'{name} "{value}";\n' for name, value in _UPDATES.items()),
    }
    lines.append("write_files:")
    for path, content in files.items():
        lines += _item({"path": path, "permissions": "'0644'"})
        lines += ["    content: |", *(f"      {line}" for line in content.splitlines())]
    return "\n".join(lines) + "\n"


def _item(values: Mapping[str, str]) -> Iterator[str]:
    for number, (name, value) in enumerate(values.items()):
        yield f"  {'-' if not number else ' '} {name}: {value}"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    # Quoted, since a key's comment may hold whatever its owner put there.
    text = str(value)
    return text if text.replace("/", "").isalpha() else "'" + text.replace("'", "''") + "'"


def _open(machines: Network) -> str:
    half = ipaddress.IPv4Network((machines.network_address, machines.prefixlen + 1))
    if half.num_addresses > _LONGEST_LIST:
        return f"*:{SESSION_PORT}"
    return " ".join(f"{address}:{SESSION_PORT}" for address in list(half)[_FIRST:_LAST]) or _NOWHERE


@final
@dataclass(frozen=True, slots=True)
class StartUp:
    """What a bastion was told at its first start."""

    faults: tuple[str, ...]
    """What it leaves open beyond passing through, in words."""
    keys: int
    """How many keys open it."""


def observe_start_up(data: Value) -> StartUp | None:
    """What the start-up data of a bastion say; None where they cannot be read.

    An engine's state keeps a digest of them, and Nova shows them to administrators alone.
    """
    if not isinstance(data, str) or _is_digest(data):
        return None
    # Not needed where there is no bastion.
    import yaml

    try:
        document = yaml.safe_load(data) if data.startswith(_HEADER) else None
    except yaml.YAMLError:
        document = None
    if not isinstance(document, Mapping):
        return StartUp(("it is told nothing that closes it",), 0)
    faults = {*_of_cloud_init(document), *_of_accounts(document), *_of_sshd(document)}
    users = [one for one in document.get("users") or () if isinstance(one, Mapping)]
    return StartUp(tuple(sorted(faults)), sum(len(one.get("ssh_authorized_keys") or ()) for one in users))


def _is_digest(data: str) -> bool:
    return len(data) == _DIGEST and not set(data) - set("0123456789abcdef")


def _of_cloud_init(document: Mapping[str, Any]) -> Iterator[str]:
    for name, value in _PLAIN.items():
        if document.get(name) != value:
            yield f"{name} is {document.get(name)!r}"
    for name in document.keys() - _KNOWN:
        yield f"it is told more than a bastion needs: {name}"
    files = _files(document)
    for path in files.keys() - {_SSH_FILE, _JOURNAL_FILE, _UPDATES_FILE}:
        yield f"it is told more than a bastion needs: {path}"
    told = set(files.get(_UPDATES_FILE, "").splitlines())
    if not {f'{name} "{value}";' for name, value in _UPDATES.items()} <= told:
        yield "it does not bring itself up to date"
    if not {line for line in _JOURNAL.splitlines() if line} <= set(files.get(_JOURNAL_FILE, "").splitlines()):
        yield "its journal is not kept"


def _of_accounts(document: Mapping[str, Any]) -> Iterator[str]:
    users = document.get("users")
    if not isinstance(users, list) or not users:
        yield "it has the image's own account"
        return
    for user in users:
        if not isinstance(user, Mapping):
            yield f"it has the account {user}"
            continue
        kept = {name: value for name, value in user.items() if name != "ssh_authorized_keys"}
        if kept != dict(_PERSON):
            yield f"the account {user.get('name')} may do more than pass through"


def _of_sshd(document: Mapping[str, Any]) -> Iterator[str]:
    # Of each directive the first counts, in the order of the files' names.
    told: dict[str, str] = {}
    for path, content in sorted(_files(document).items()):
        if path.startswith(_SSH_FOLDER):
            for line in content.splitlines():
                name, _, value = line.strip().partition(" ")
                told.setdefault(name.lower(), value.strip())
    for name, value in DIRECTIVES.items():
        if told.get(name.lower()) != value:
            yield f"{name} is {told.get(name.lower())}"
    opened = told.get("permitopen", "any")
    if opened != _NOWHERE and not all(one.endswith(f":{SESSION_PORT}") for one in opened.split()):
        yield "it forwards to other ports than that of SSH"


def _files(document: Mapping[str, Any]) -> dict[str, str]:
    some: Iterable[Any] = document.get("write_files") or ()
    return {str(one.get("path")): str(one.get("content") or "") for one in some if isinstance(one, Mapping)}
