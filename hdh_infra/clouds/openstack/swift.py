"""Stores as containers of Swift, where the offer has no S3, what machines get for them, and reading both back.

A right is an application credential of Keystone whose access rules name methods and paths of one container. Such a
credential has its maker's roles on the project, and Swift's proxy looks at the path of a request alone: who may put
an object may have the server copy any other of the project into it (`X-Copy-From`). So what may be put is observed as
reading everything, and only reading is told apart exactly. Rules that end in `**` alone would mean the container itself
too, for Swift takes `/v1/ACCOUNT/CONTAINER/` for it: so a name follows the last slash. Users of one's own, whom a list of a
container could name, only an administrator of Keystone makes.

Sources, read 2026-11-25: openstack/swift doc/source/overview_acl.rst; docs.openstack.org/swift/latest/middleware.html,
server side copy; keystonemiddleware 12 auth_token `_path_matches` and `validate_allowed_request`, which refuses rules
where Swift's operator set no `service_type`; terraform-provider-openstack objectstorage_container_v1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hdh_infra.clouds.base import Context
from hdh_infra.clouds.naming import bucket_name, native_name
from hdh_infra.clouds.openstack.crossing import need_path
from hdh_infra.clouds.openstack.naming import APPLICATION_CREDENTIAL, CONTAINER, GET_SCOPE, PROVIDER, make
from hdh_infra.clouds.openstack.reading import Reader
from hdh_infra.clouds.values import listed
from hdh_infra.graph.node import Node
from hdh_infra.graph.observation import Native
from hdh_infra.graph.values import Value, form_of, lookup, text
from hdh_infra.model.links import Right
from hdh_infra.model.paths import network_path
from hdh_infra.model.scales import Access

_SERVICE = "object-store"
_LOOK, _PUT, _DELETE = ("GET", "HEAD"), ("PUT",), ("DELETE",)
_OBJECTS = ("/*", "/*/**")
METHODS: Mapping[Access, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Access.read: (_LOOK, _LOOK),
    Access.append: ((), _PUT),
    Access.write: (_LOOK, (*_LOOK, *_PUT, *_DELETE)),
}
"""What each access needs: methods on the container, and on its objects."""
_PATH = re.compile(r"/v1/(?P<account>[^/]+)/(?P<container>[^/]+)(?P<rest>/.*)?")
_READING = frozenset(_LOOK)
_HARMLESS = frozenset({*_LOOK, "OPTIONS"})


def container_path(store: str) -> str:
    """Path of a store's container."""
    return f"{store}/container"


def lower_container(context: Context, path: str) -> Iterator[Node]:
    """One store: a container that nobody but the project's own roles opens, with versions where they are asked; Swift has no lock."""
    yield make(
        context,
        container_path(path),
        CONTAINER,
        {
            "name": bucket_name(context, path),
            "containerRead": "",
            "containerWrite": "",
            "versioning": context.expanded.stores[path].versioning,
            "forceDestroy": False,
        },
        protect=True,
        fixed=True,
    )


def lower_credential(context: Context, right: Right) -> Iterator[Node]:
    """What a machine has for one right: a credential that opens one container, in its own element or, of a zone's machine, in the space's way to it."""
    home = network_path(right.principal)
    foreign = right.owner.startswith("space/") and right.owner != home
    base = need_path(right.owner, right.principal) if foreign else right.principal
    path = f"{base}/right/{right.store.replace('/', '.')}-{right.access}"
    yield make(
        context,
        path,
        APPLICATION_CREDENTIAL,
        {"name": native_name(context, path), "unrestricted": False, "accessRules": list(_rules(context, right))},
        outputs=("secret",),
        after=(container_path(right.store),),
        secret=("secret",),
        fixed=True,
    )


def _rules(context: Context, right: Right) -> Iterator[dict[str, Value]]:
    project = lookup(GET_SCOPE, {"name": "hdh"}, "projectId", PROVIDER)
    name = bucket_name(context, right.store)
    of_container, of_objects = METHODS[right.access]
    for methods, tails in ((of_container, ("",)), (of_objects, _OBJECTS)):
        for method in methods:
            for tail in tails:
                yield {"service": _SERVICE, "method": method, "path": text(f"/v1/AUTH_{{0}}/{name}{tail}", project)}


def observe_containers(
    reader: Reader, grants: Mapping[str, list[str]], private: bool | None
) -> dict[str, dict[str, Any]]:
    """Every store element that is a container, by what it says; what encrypts Swift's disks no container shows."""
    logged = None if reader.site.fact("store.access_log").value is None else False
    found = {}
    for element, containers in reader.elements(CONTAINER, "store").items():
        one = containers[0]
        found[element] = {
            "kind": "store",
            "size": None,
            "encryption": None,
            "key": None,
            "client_side": None,
            "versioning": one.properties.get("versioning") is True,
            "retention": None,
            "expiry": None,
            "soft_delete_days": None,
            "redundancy": None,
            "private": private,
            "public": is_public_container(one),
            "grants": grants.get(one.path),
            "access_log": logged,
            "backup": None,
            **reader.place(containers),
            "native": reader.paths(element),
        }
    return found


def is_public_container(container: Native) -> bool:
    """Whether a container's lists let in whoever asks, or whoever has any token of the cloud; a referrer is but a word of the asker."""
    return any(
        (element.startswith((".r:", ".referrer:")) and not element.partition(":")[2].startswith("-"))
        or element == "*:*"
        for name in ("containerRead", "containerWrite")
        for element in _elements(container.properties.get(name))
    )


def listed_by(container: Native) -> Iterator[tuple[str, frozenset[Access]]]:
    """Whom a container's lists name beside everybody, and what each may do: users, projects, roles."""
    for name, access in (("containerRead", Access.read), ("containerWrite", Access.write)):
        for element in _elements(container.properties.get(name)):
            if not element.startswith(".") and element != "*:*":
                yield element, frozenset({access})


def opened_by(reader: Reader, credential: Native) -> tuple[dict[str, frozenset[Access]], bool]:
    """What an application credential opens, by the native path of each container; and whether it opens everything."""
    rules = listed(credential.properties.get("accessRules"))
    if not rules or credential.properties.get("unrestricted") is True:
        return {}, True
    found: dict[str, set[str]] = {}
    copies = False
    for rule in rules:
        if str(rule.get("service")) != _SERVICE:
            reader.remarks.add(f"{credential.path} opens the service {rule.get('service')} too")
            continue
        match = _PATH.fullmatch(_path_of(rule.get("path")))
        name = match["container"] if match else "*"
        if match is None or set(name) & set("*{"):
            return {}, True
        method, rest = str(rule.get("method")), match["rest"] or ""
        # A path that may end in the container's own slash means the container: its lists, and its end.
        on_objects = rest.startswith("/*") and not rest.startswith("/**")
        if method in _HARMLESS:
            actions = {"read"} if method in _READING else set()
        elif on_objects and method == "PUT":
            actions = {"put"}
        else:
            actions = {"rule"}
        copies = copies or method not in _HARMLESS
        found.setdefault(name, set()).update(actions)
    opened = {
        reader.buckets[name].path: _access(actions, reader.buckets[name])
        for name, actions in found.items()
        if name in reader.buckets and actions
    }
    if copies:
        for container in reader.buckets.values():
            opened[container.path] = opened.get(container.path, frozenset()) | {Access.read}
    return opened, False


def _access(actions: Iterable[str], container: Native) -> frozenset[Access]:
    some = set(actions)
    keeps = container.properties.get("versioning") is True
    if "rule" in some or ("put" in some and not keeps):
        return frozenset({Access.write})
    return frozenset(({Access.read} if "read" in some else set()) | ({Access.append} if "put" in some else set()))


def _path_of(value: Value) -> str:
    """The path of a rule, what is only known later standing as a word."""
    if form_of(value) == "$format":
        return re.sub(r"\{\d+\}", "x", str(value["$format"])).replace("{{", "{").replace("}}", "}")
    return str(value)


def _elements(value: Value) -> list[str]:
    return [one for part in str(value or "").split(",") if (one := part.replace(" ", ""))]
