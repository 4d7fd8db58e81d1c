"""Lists of OpenStack's services as they stand on the wire, page by page, by the SDK's authenticated sessions.

The wire is read and not the SDK's objects, so that what is compared is what the servers said. Errors become
`CloudError` with what to do; no credential stands in them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final
from urllib.parse import parse_qs, urlsplit

from hdh_infra.errors import CloudError

_PASSED = {
    "OS_AUTH_URL": "auth_url",
    "OS_USERNAME": "username",
    "OS_USER_ID": "user_id",
    "OS_PASSWORD": "password",
    "OS_PROJECT_ID": "project_id",
    "OS_PROJECT_NAME": "project_name",
    "OS_TENANT_ID": "project_id",
    "OS_TENANT_NAME": "project_name",
    "OS_USER_DOMAIN_NAME": "user_domain_name",
    "OS_USER_DOMAIN_ID": "user_domain_id",
    "OS_PROJECT_DOMAIN_NAME": "project_domain_name",
    "OS_PROJECT_DOMAIN_ID": "project_domain_id",
    "OS_DOMAIN_NAME": "domain_name",
    "OS_TOKEN": "token",
    "OS_APPLICATION_CREDENTIAL_ID": "application_credential_id",
    "OS_APPLICATION_CREDENTIAL_NAME": "application_credential_name",
    "OS_APPLICATION_CREDENTIAL_SECRET": "application_credential_secret",
}
_PAGE = 500
_PATIENCE: Mapping[str, Any] = {
    "api_timeout": 60,
    "connect_retries": 2,
    "status_code_retries": 3,
    "retriable_status_codes": "429,500,502,503,504",
}
"""Seconds for one answer, and how often what may pass is asked again; keystoneauth waits half a second, then twice as long each time."""
_GONE = 404
_REFUSED = 400
_HIDDEN = frozenset({403, 404})


@final
class Rest:
    """The services of one project in one region."""

    def __init__(self, environment: Mapping[str, str], region: str) -> None:
        """Sign in.

        Args:
            environment: `OS_*` variables, or `OS_CLOUD` for an entry of `clouds.yaml`.
            region: the region whose services are asked.

        Raises:
            CloudError: there are no credentials, the endpoint does not answer, or it refuses them.
        """
        self._where = environment.get("OS_AUTH_URL") or environment.get("OS_CLOUD") or "OpenStack"
        self.connection = self._try(lambda: _connect(environment, region))
        self.project: str = self._try(lambda: self.connection.current_project_id)
        self.user: str = self._try(lambda: self.connection.current_user_id)

    def list(
        self,
        service: str,
        path: str,
        key: str,
        params: Mapping[str, Any] | None = None,
        microversion: str | None = None,
        *,
        by_offset: bool = False,
    ) -> list[dict[str, Any]]:
        """Everything of one collection; nothing where the region has no such service.

        Args:
            service: the SDK's name: `network`, `compute`, `block_storage`, `key_manager`, `identity`.
            path: the collection.
            key: its name in the answer.
            params: of the query.
            microversion: of the service.
            by_offset: whether the service pages without a word of a next page; `limit` stands in `params` then.

        Raises:
            CloudError: as on signing in.
        """
        if self._try(lambda: self.connection.endpoint_for(service.replace("_", "-"))) is None:
            return []
        proxy = getattr(self.connection, service)
        asked = dict(params or {})
        found: list[dict[str, Any]] = self._try(
            lambda: [*_pages(proxy, path, key, asked, microversion, by_offset=by_offset)]
        )
        return found

    def answer(
        self, service: str, path: str, params: Mapping[str, Any] | None = None, microversion: str | None = None
    ) -> tuple[int, Any]:
        """Status and body of one question, whatever the status; 0 where the region has no such service.

        Raises:
            CloudError: the service does not answer.
        """
        if self._try(lambda: self.connection.endpoint_for(service.replace("_", "-"))) is None:
            return 0, None
        proxy = getattr(self.connection, service)
        said = self._try(lambda: proxy.get(path, params=dict(params or {}), microversion=microversion))
        try:
            return said.status_code, said.json()
        except ValueError:
            return said.status_code, None

    def services(self) -> Sequence[dict[str, Any]]:
        """The public endpoints of the region, as Keystone's catalogue has them: type, name and URL. Raises as on signing in."""
        session, region = self.connection.session, self.connection.config.region_name
        entries = self._try(lambda: session.auth.get_access(session).service_catalog.catalog)
        return [
            {"type": entry.get("type"), "name": entry.get("name"), "url": endpoint.get("url")}
            for entry in entries
            for endpoint in entry.get("endpoints") or []
            if endpoint.get("interface") == "public"
            and region in {endpoint.get("region_id"), endpoint.get("region"), None}
        ]

    def microversion(self, service: str) -> str | None:
        """The newest microversion of a service; None where it has none. Raises as on signing in."""
        found = self._try(lambda: getattr(self.connection, service).get_endpoint_data())
        newest = getattr(found, "max_microversion", None)
        return ".".join(map(str, newest)) if newest else None

    def get(self, service: str, path: str) -> dict[str, Any] | None:
        """One thing; None where it is gone, or not shown to these credentials. Raises `CloudError` as on signing in."""
        answer = self._try(lambda: getattr(self.connection, service).get(path))
        if answer.status_code in _HIDDEN:
            return None
        if answer.status_code >= _REFUSED:
            raise CloudError(self._where, f"reading {path} answered {answer.status_code}", "Ask again later")
        found: dict[str, Any] = answer.json()
        return found

    def delete(self, service: str, path: str) -> bool:
        """Delete one thing; False where it is gone already. Raises `CloudError` as on signing in."""
        answer = self._try(lambda: getattr(self.connection, service).delete(path))
        if answer.status_code == _GONE:
            return False
        if answer.status_code >= _REFUSED:
            raise CloudError(
                self._where, f"deleting {path} answered {answer.status_code}", "Delete it by hand, or with more rights"
            )
        return True

    def put(self, service: str, path: str, body: Mapping[str, Any]) -> None:
        """Ask for one change; nothing where what it is about is gone. Raises `CloudError` as on signing in."""
        answer = self._try(lambda: getattr(self.connection, service).put(path, json=body))
        if answer.status_code >= _REFUSED and answer.status_code != _GONE:
            raise CloudError(self._where, f"{path} answered {answer.status_code}", "Do it by hand, or with more rights")

    def _try(self, ask: Any) -> Any:
        from keystoneauth1.exceptions import ClientException
        from openstack.exceptions import SDKException

        try:
            with warnings.catch_warnings():
                # The SDK warns of its own insides, which no user of ours can change.
                warnings.simplefilter("ignore", DeprecationWarning)
                warnings.simplefilter("ignore", PendingDeprecationWarning)
                return ask()
        except (ClientException, SDKException) as error:
            remedy = "Check that it is up, and the OS_* variables (or OS_CLOUD) of the environment"
            raise CloudError(self._where, " ".join(str(error).split())[:300] or type(error).__name__, remedy) from error


def _connect(environment: Mapping[str, str], region: str) -> Any:
    import openstack
    from openstack.config import OpenStackConfig

    named = environment.get("OS_CLOUD")
    if named:
        files = [environment["OS_CLIENT_CONFIG_FILE"]] if environment.get("OS_CLIENT_CONFIG_FILE") else None
        entry = OpenStackConfig(config_files=files, load_envvars=False).get_one(cloud=named, region_name=region)
        return openstack.connection.Connection(config=_patient(entry))
    auth = {field: environment[name] for name, field in _PASSED.items() if environment.get(name)}
    if "auth_url" not in auth:
        what = "there are no credentials of OpenStack in the environment"
        raise CloudError("OpenStack", what, "Set the OS_* variables of its project, or OS_CLOUD")
    kind = environment.get("OS_AUTH_TYPE") or (
        "v3applicationcredential" if "application_credential_secret" in auth else "password"
    )
    if "project_id" in auth:
        # A project is known by its id; with both, a name that means another project is an error nobody understands.
        auth = {
            name: value
            for name, value in auth.items()
            if name not in {"project_name", "project_domain_name", "project_domain_id"}
        }
    entry = OpenStackConfig(load_yaml_config=False, load_envvars=False).get_one(
        auth_type=kind,
        auth=auth,
        region_name=region,
        interface=environment.get("OS_INTERFACE") or "public",
        cacert=environment.get("OS_CACERT"),
    )
    return openstack.connection.Connection(config=_patient(entry))


def _patient(entry: Any) -> Any:
    """The same entry with bounds of time and retries, which the SDK's sessions keep; what a `clouds.yaml` says wins."""
    for name, value in _PATIENCE.items():
        if entry.config.get(name) is None:
            entry.config[name] = value
    return entry


def _pages(
    proxy: Any, path: str, key: str, params: dict[str, Any], microversion: str | None, *, by_offset: bool = False
) -> Iterator[dict[str, Any]]:
    """Every item of a collection, by whichever of OpenStack's three ways of paging a service has."""
    while True:
        answer = proxy.get(path, params=params, microversion=microversion)
        if not answer.ok:
            from openstack.exceptions import raise_from_response

            raise_from_response(answer)
        body = answer.json()
        items = body.get(key) or []
        yield from items
        if by_offset:
            if len(items) < int(params["limit"]):
                return
            params = {**params, "offset": int(params.get("offset", 0)) + len(items)}
            continue
        links = body.get(f"{key}_links") or []
        if not items or not (body.get("next") or any(link.get("rel") == "next" for link in links)):
            return
        query = parse_qs(urlsplit(str(body.get("next") or "")).query)
        if "marker" in query:
            params = {**params, "marker": query["marker"][0]}
        elif body.get("next"):
            params = {**params, "limit": _PAGE, "offset": int(params.get("offset", 0)) + len(items)}
        else:
            params = {**params, "marker": items[-1]["id"]}
