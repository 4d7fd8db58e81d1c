"""OpenStack's services for the types that are OpenStack's own: signed in once and late, errors in one line.

The SDK takes half a second to load, so nothing of it is imported before the first real call. Credentials are
those of the environment (`OS_*`, or `OS_CLOUD` for an entry of `clouds.yaml`) and are never copied anywhere. The SDK signs in again where
a token ran out, and tries again where a service is busy (429) or away (503).
"""

from __future__ import annotations

import os
import threading
import warnings
from typing import TYPE_CHECKING, Any, Final, final

from hdh_infra.errors import CloudError, HdhError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ATTEMPTS: Final = 5
"""How often a request is tried again that was answered with one of `AGAIN`."""
AGAIN: Final = (429, 500, 502, 503, 504)
_GONE: Final = 404
_REFUSED: Final = 400
_LONGEST: Final = 300
_REMEDIES: Final[Mapping[int, str]] = {
    401: "check the OS_* variables, or OS_CLOUD, of the environment",
    403: "the credentials lack this right: keys want the role creator (or member) in their project, or its admin",
    429: "the service is busy: run the command again later",
    503: "the service is away: run the command again later",
}


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

PATIENCE: Mapping[str, Any] = {
    "api_timeout": 60,
    "connect_retries": 2,
    "status_code_retries": 3,
    "retriable_status_codes": "429,500,502,503,504",
}
"""Seconds for one answer, and how often what may pass is asked again; keystoneauth waits half a second, then twice as long each time."""


class ServiceError(Exception):
    """Raised when a service refuses or does not answer; the message is one line with the remedy."""


def connect(environment: Mapping[str, str], region: str) -> Any:
    """The SDK's connection, signed in at its first request.

    Args:
        environment: `OS_*` variables, or `OS_CLOUD` for an entry of `clouds.yaml`, which wins; a password wins over an
            application credential, as the provider has it (`clouds.openstack.credentials`).
        region: the region whose services are asked.

    Raises:
        CloudError: there are no credentials.
    """
    import openstack
    from openstack.config import OpenStackConfig

    named = environment.get("OS_CLOUD")
    if named:
        files = [environment["OS_CLIENT_CONFIG_FILE"]] if environment.get("OS_CLIENT_CONFIG_FILE") else None
        entry = OpenStackConfig(config_files=files, load_envvars=False).get_one(cloud=named, region_name=region)
        return openstack.connection.Connection(config=patient(entry))
    auth = {field: environment[name] for name, field in _PASSED.items() if environment.get(name)}
    if "auth_url" not in auth:
        what = "there are no credentials of OpenStack in the environment"
        raise CloudError("OpenStack", what, "Set the OS_* variables of its project, or OS_CLOUD")
    kind = environment.get("OS_AUTH_TYPE") or _kind(auth)
    unused: set[str] = set()
    if kind == "v3applicationcredential":
        # It knows its project by itself, and Keystone refuses any other word on it.
        unused = {name for name in auth if name.startswith(("project_", "password"))}
    elif "project_id" in auth:
        # A project is known by its id; with both, a name that means another project is an error nobody understands.
        unused = {"project_name", "project_domain_name", "project_domain_id"}
    auth = {name: value for name, value in auth.items() if name not in unused}
    entry = OpenStackConfig(load_yaml_config=False, load_envvars=False).get_one(
        auth_type=kind,
        auth=auth,
        region_name=region,
        interface=environment.get("OS_INTERFACE") or "public",
        cacert=environment.get("OS_CACERT"),
    )
    return openstack.connection.Connection(config=patient(entry))


def patient(entry: Any) -> Any:
    """The same entry with bounds of time and retries, which the SDK's sessions keep; what a `clouds.yaml` says wins."""
    for name, value in PATIENCE.items():
        if entry.config.get(name) is None:
            entry.config[name] = value
    return entry


def _kind(auth: Mapping[str, str]) -> str:
    """How to sign in where nobody says: by a password, else a token, else an application credential, as the provider has it."""
    if "password" in auth:
        return "password"
    if "token" in auth:
        return "token"
    return "v3applicationcredential" if "application_credential_secret" in auth else "password"


@final
class KeyManager:
    """Barbican of one region; safe to use from many threads."""

    def __init__(self, region: str, sign_in: Callable[[Mapping[str, str], str], Any] = connect) -> None:
        """Keep the region; nothing is opened yet.

        Args:
            region: whose services are asked.
            sign_in: gives the SDK's connection (tests give their own).
        """
        self._region, self._sign_in = region, sign_in
        self._lock = threading.Lock()
        self._proxy: Any = None

    def get(self, path: str) -> dict[str, Any] | None:
        """What stands at a path; None where nothing does."""
        return self._ask("GET", path)

    def put(self, path: str, body: Mapping[str, Any]) -> None:
        """Put a document there. Raises `ServiceError`, also where nothing is there to have one."""
        if self._ask("PUT", path, json=body) is None:
            raise ServiceError(f"PUT {path}: 404: it is not there (any more): refresh, and run the command again")

    def delete(self, path: str) -> None:
        """Delete what stands at a path; nothing there is well."""
        self._ask("DELETE", path)

    def _ask(self, verb: str, path: str, **more: Any) -> dict[str, Any] | None:
        try:
            from keystoneauth1.exceptions import ClientException
            from openstack.exceptions import SDKException
        except ModuleNotFoundError as error:
            raise ServiceError(f"{error}: install the package with its extra, hdh-infra[openstack]") from error

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answer = self._service().request(
                    path, verb, raise_exc=False, status_code_retries=ATTEMPTS, retriable_status_codes=AGAIN, **more
                )
        except HdhError as error:
            raise ServiceError(str(error)) from error
        except (ClientException, SDKException) as error:
            words = " ".join(str(error).split())[:_LONGEST] or type(error).__name__
            remedy = _REMEDIES.get(getattr(error, "http_status", 0) or 0, _REMEDIES[401])
            raise ServiceError(f"{verb} {path}: {words} ({remedy})") from error
        if answer.status_code == _GONE:
            return None
        if answer.status_code >= _REFUSED:
            raise ServiceError(f"{verb} {path}: {answer.status_code}: {_words(answer)}")
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def _service(self) -> Any:
        with self._lock:
            if self._proxy is None:
                self._proxy = self._sign_in(os.environ, self._region).key_manager
            return self._proxy


def _words(answer: Any) -> str:
    """What a service said of an error, with what to do where that is known."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    said = body.get("description") or body.get("title") or (body.get("error") or {}) if isinstance(body, dict) else ""
    words = said.get("message", "") if isinstance(said, dict) else str(said)
    remedy = _REMEDIES.get(answer.status_code)
    line = " ".join(words.split())[:_LONGEST] or "no reason was given"
    return f"{line} ({remedy})" if remedy else line
