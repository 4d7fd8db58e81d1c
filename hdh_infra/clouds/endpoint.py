"""How packets fare to an S3 endpoint outside: which ports an interface reaches it on, and what the same opening reaches beyond it.

Shared by the readers of clouds whose stores lie behind one public endpoint for all customers. Where its addresses are
not known, it is somewhere outside: what leads everywhere leads there, and what leads to a part of the outside may.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from hdh_infra.catalogue.load import Site
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.filters import ANYWHERE, Network, Ports, Rule, intersect, passes, union
from hdh_infra.clouds.reach import INTERNET

STORES = "object_store"
"""The service's word in the catalogue: its endpoint, and what it calls the region."""
STRANGERS = tuple(ipaddress.IPv4Address(one) for one in ("192.0.2.1", "198.51.100.1", "203.0.113.1", "8.8.8.8"))
"""Addresses that stand for anyone outside; the first that no rule names is taken."""
LOCAL = tuple(ipaddress.IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918: no endpoint of a public offer has such an address."""
_HTTPS: Ports = ((443, 443),)
_HTTPS_PORT = 443


def endpoint_name(site: Site) -> str:
    """The endpoint of stores in words: its host where the catalogue knows it."""
    url = site.endpoint(STORES)
    return url.partition("://")[2] if url else "the S3 endpoint"


def endpoint_host(site: Site) -> str | None:
    """Host name of the S3 endpoint, where it is known and answers on the port of HTTPS."""
    url = urlsplit(site.settings.object_store_endpoint or site.endpoint(STORES) or "")
    return url.hostname if url.scheme == "https" and url.port in {None, _HTTPS_PORT} else None


def endpoint_ranges(site: Site) -> list[Network]:
    """The endpoint's addresses by the catalogue or as they are declared; empty where nobody knows them."""
    known = site.fact("object_store.addresses").value
    return [Network(str(one)) for one in known] if isinstance(known, list) else []


def store_addresses(context: Context) -> tuple[str, ...]:
    """Addresses of the endpoint that a filter names: of the spec, of the catalogue or declared; without any, everything outside."""
    if context.settings.object_store_addresses:
        return context.settings.object_store_addresses
    known = context.site.fact("object_store.addresses").value
    return tuple(str(one) for one in known) if isinstance(known, list) else (str(ANYWHERE),)


def beyond_store(words: str) -> str:
    """What whoever reaches one store behind an endpoint reaches too, as far as packets go."""
    return f"every bucket behind {words}"


def strangers(rules: Iterable[Rule] | None, direction: str, inside: Iterable[Network]) -> list[ipaddress.IPv4Address]:
    """An address of every range beyond `inside` that rules name; of the whole world, one that no narrower rule names."""
    own = tuple(inside)
    ranges = {peer for rule in rules or () if rule.direction == direction for peer in rule.peers}
    narrow = [one for one in ranges if one != ANYWHERE and not any(one.subnet_of(mine) for mine in own)]
    free = next((one for one in STRANGERS if not any(one in peer for peer in (*narrow, *own))), STRANGERS[-1])
    return [free, *(one[0] for one in sorted(narrow))]


def to_endpoint(
    rules: tuple[Rule, ...] | None,
    protocol: str,
    known: Sequence[Network],
    inside: Iterable[Network],
    words: str,
    *,
    private: bool = False,
) -> tuple[Ports, tuple[str, ...]]:
    """The ports on which an interface with a way out reaches the endpoint, and what the same opening reaches beyond the store.

    Args:
        rules: of the interface; None where nothing filters.
        protocol: tcp or udp.
        known: the endpoint's addresses; empty where nobody knows them.
        inside: ranges that are not outside.
        words: what the endpoint is called: `every bucket behind WORDS`.
        private: whether the offer is sold to few, so that its endpoint may have a private address.
    """
    free, *narrow = strangers(rules, "out", (*inside, *(() if private else LOCAL)))
    probes = [one[0] for one in known] if known else [free, *narrow]

    def through(probe: ipaddress.IPv4Address) -> Ports:
        ports = passes(rules, "out", protocol, probe, frozenset())
        # An opening to a part of the outside may lead there, and then by HTTPS: its other ports are an egress's.
        return ports if known or probe == free else intersect(ports, _HTTPS)

    ports = union(span for probe in probes for span in through(probe))
    return (ports, tuple(sorted(_beyond(rules, protocol, probes, known, words)))) if ports else ((), ())


def _beyond(
    rules: tuple[Rule, ...] | None,
    protocol: str,
    probes: Iterable[ipaddress.IPv4Address],
    known: Sequence[Network],
    words: str,
) -> set[str]:
    found = {beyond_store(words)}
    if rules is None:
        return {*found, INTERNET}
    for rule in rules:
        if rule.direction != "out":
            continue
        for probe in probes:
            if not rule.means(protocol, probe, frozenset()):
                continue
            for peer in rule.peers or (ANYWHERE,):
                if peer == ANYWHERE:
                    found.add(INTERNET)
                elif probe in peer and not any(peer.subnet_of(own) for own in known):
                    found.add(str(peer))
    return found
