"""OpenStack's services for the types that are OpenStack's own: signed in once and late, errors in one line.

The SDK takes half a second to load, so nothing of it is imported before the first real call. Credentials are
those of the environment (`OS_*`, or `OS_CLOUD` for an entry of `clouds.yaml`) and are never copied anywhere. The SDK signs in again where
a token ran out, and tries again where a service is busy (429) or away (503).
"""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any, Final, final

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


class ServiceError(Exception):
    """Raised when a service refuses or does not answer; the message is one line with the remedy."""


def _connect(region: str | None) -> Any:
    import openstack

    with warnings.catch_warnings():
        # The SDK warns of its own insides, which no user of ours can change.
        warnings.simplefilter("ignore")
        return openstack.connect(region_name=region, app_name="hdh-infra")


@final
class KeyManager:
    """Barbican of one region; safe to use from many threads."""

    def __init__(self, region: str | None, connect: Callable[[str | None], Any] = _connect) -> None:
        """Keep the region; nothing is opened yet.

        Args:
            region: whose services are asked; without it that of the environment.
            connect: gives the SDK's connection (tests give their own).
        """
        self._region, self._connect = region, connect
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
                self._proxy = self._connect(self._region).key_manager
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
