"""Let pass what the server's own metadata names, and nothing else: squid's configuration, made from it each minute.

It runs on the machine that is a network's way out; the standard library is all it needs. Two kinds of items:

    exit-hosts-PORT-N    HOST:PORTS ...    who comes in at PORT reaches these hosts (`*.` before one is all below it)
    exit-stores-PORT-N   HOST:PORTS ...    the same, of buckets: what is inside the encryption is looked at too

To a host the name that the client asks for in its TLS greeting counts as well as the one it told the proxy, and the
connection stays closed to the proxy. A bucket shares its address and its certificate with every other one, so that
only the request itself tells them apart: there the proxy ends the encryption, and begins it anew. An item that cannot
be read to the end lets nothing pass.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

METADATA = "http://169.254.169.254/openstack/latest/meta_data.json"
CONFIGURATION = Path("/etc/squid/squid.conf")
AUTHORITY = Path("/etc/squid/hdh-exit.pem")
CERTIFICATES = Path("/var/spool/squid/hdh-exit")
CERTIFICATE_MAKER = "/usr/lib/squid/security_file_certgen"
TOLD = Path("/run/hdh-exit.told")
CONSOLE = Path("/dev/console")
KINDS = ("hosts", "stores")
PLAIN = 80
ITEM = re.compile(r"exit-(hosts|stores)-([0-9]{4,5})-[0-9]{1,3}")
DESTINATION = re.compile(
    r"(?P<name>(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}):(?P<ports>[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*)"
)
HEAD = """\
# Made by hdh-exit from this server's metadata: a change here is undone within a minute.
visible_hostname hdh-exit
http_port 127.0.0.1:3128
cache deny all
cache_mem 0 MB
forwarded_for delete
httpd_suppress_version_string on
ignore_unknown_nameservers on
shutdown_lifetime 5 seconds
access_log stdio:/var/log/squid/access.log
cache_log /var/log/squid/cache.log
sslcrtd_program {maker} -s {certificates} -M 4MB
sslproxy_cert_error deny all
tls_outgoing_options min-version=1.2
on_unsupported_protocol respond all
host_verify_strict on
acl greeted at_step SslBump1
acl asked at_step SslBump2
acl machine dst 0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/4 ::/128 ::1/128 fe80::/10 ff00::/8
acl encrypted connections_encrypted
http_access deny manager
http_access deny machine
"""
TAIL = """\
http_access deny all
ssl_bump terminate all
http_reply_access allow all
icp_access deny all
htcp_access deny all
"""


def doors(metadata: Mapping[str, str]) -> dict[int, dict[str, set[tuple[str, str]]]]:
    """By port that is listened on and kind, the destinations as (host, ports); items that cannot be read are left out."""
    found: dict[int, dict[str, set[tuple[str, str]]]] = {}
    for key, value in sorted(metadata.items()):
        item = ITEM.fullmatch(key)
        if item is None:
            continue
        read = [DESTINATION.fullmatch(one) for one in value.split(" ")]
        some = found.setdefault(int(item[2]), {kind: set() for kind in KINDS})[item[1]]
        if None in read:
            sys.stderr.write(f"{key} is left out: {value!r} cannot be read\n")
        else:
            some.update((one["name"], one["ports"]) for one in read if one)
    return found


def _names(called: str, names: Iterable[str], exact: str, pattern: str) -> Iterator[str]:
    """Lines of one list of names: those that are written out, or all below each."""
    for name in sorted(names):
        if name.startswith("*."):
            below = name[1:].replace(".", "[.]")
            yield f"acl {called} {pattern} ^([a-z0-9_-]+[.])*[a-z0-9_-]+{below}$"
        else:
            yield f"acl {called} {exact} {name}"


def _door(port: int, kind: str, number: int, names: list[str], ports: str) -> tuple[list[str], list[str], list[str]]:
    """What one list of names and ports lets pass at one door: its lists, its rules, its words on encryption."""
    own = f"{kind}-{port}-{number}"
    plain = str(PLAIN) in ports.split(",")
    closed = [one for one in ports.split(",") if one != str(PLAIN)]
    lists = [f"acl {own}-ports port {' '.join(closed)}"] if closed else []
    rules: list[str] = []
    words: list[str] = []
    # Lists of names are kept apart by form, since squid takes one form a list.
    for form, wild in ((f"{own}-name", False), (f"{own}-below", True)):
        some = [name for name in names if name.startswith("*.") == wild]
        if not some:
            continue
        lists += _names(form, some, "dstdomain -n", "dstdom_regex -n -i")
        if plain and kind == "hosts":
            rules.append(f"http_access allow !CONNECT at-{port} plain {form}")
        if not closed:
            continue
        rules.append(f"http_access allow CONNECT at-{port} {own}-ports {form}")
        if kind == "stores":
            rules.append(f"http_access allow !CONNECT encrypted at-{port} {own}-ports {form}")
            words.append(f"ssl_bump bump greeted at-{port} {form}")
        else:
            lists += _names(f"{form}-tls", some, "ssl::server_name", "ssl::server_name_regex -i")
            words.append(f"ssl_bump peek greeted at-{port} {form}")
            words.append(f"ssl_bump splice asked at-{port} {form}-tls")
    return lists, rules, words


def configuration(
    metadata: Mapping[str, str],
    authority: str = str(AUTHORITY),
    certificates: str = str(CERTIFICATES),
    maker: str = CERTIFICATE_MAKER,
) -> str:
    """Squid's configuration for a server's metadata."""
    lines = [f"acl plain port {PLAIN}"]
    rules: list[str] = []
    words: list[str] = []
    for port, kinds in sorted(doors(metadata).items()):
        lines.append(
            f"http_port {port} name=door-{port} ssl-bump tls-cert={authority} options=NO_SSLv3,NO_TLSv1,NO_TLSv1_1"
            " generate-host-certificates=on dynamic_cert_mem_cache_size=4MB"
        )
        lines.append(f"acl at-{port} myportname door-{port}")
        for kind in KINDS:
            by_ports: dict[str, list[str]] = {}
            for name, ports in sorted(kinds[kind]):
                by_ports.setdefault(ports, []).append(name)
            for number, (ports, names) in enumerate(sorted(by_ports.items())):
                for every, own in zip((lines, rules, words), _door(port, kind, number, names, ports), strict=True):
                    every.extend(own)
    head = HEAD.format(maker=maker, certificates=certificates)
    return head + "\n".join([*lines, *rules, *words, ""]) + TAIL


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - the words are this program's own


def _prepare() -> None:
    """The authority that certificates are made with: of this machine alone, its key never leaves it. And tell it."""
    if not AUTHORITY.exists():
        fresh, certificate = AUTHORITY.with_suffix(".new"), AUTHORITY.with_suffix(".crt")
        fresh.touch(mode=0o600)
        _run(
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "3650", "-subj", f"/CN=hdh-exit {os.uname().nodename}", "-keyout", str(fresh)),
            *("-out", str(certificate), "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0"),
            *("-addext", "keyUsage=critical,keyCertSign"),
        )
        fresh.write_text(fresh.read_text() + certificate.read_text())
        certificate.unlink()
        _run("chown", "root:proxy", str(fresh))
        fresh.chmod(0o640)
        fresh.rename(AUTHORITY)
    if not CERTIFICATES.exists():
        _run(CERTIFICATE_MAKER, "-c", "-s", str(CERTIFICATES), "-M", "4MB")
        _run("chown", "-R", "proxy:proxy", str(CERTIFICATES))
    if not TOLD.exists():
        begin = "-----BEGIN CERTIFICATE"
        CONSOLE.write_text(begin + AUTHORITY.read_text().partition(begin)[2])
        TOLD.touch()


def main() -> None:
    """Read the metadata; where it says something new, check it and take it up."""
    with urllib.request.urlopen(METADATA, timeout=20) as answer:
        metadata = json.load(answer).get("meta") or {}
    _prepare()
    text = configuration(metadata)
    if CONFIGURATION.exists() and CONFIGURATION.read_text() == text:
        return
    fresh = CONFIGURATION.with_suffix(".new")
    fresh.write_text(text)
    _run("/usr/sbin/squid", "-k", "parse", "-f", str(fresh))
    fresh.rename(CONFIGURATION)
    _run("systemctl", "reload-or-restart", "squid")


if __name__ == "__main__":
    main()
