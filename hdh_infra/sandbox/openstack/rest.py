"""Calls OpenStack's own APIs of one box: JSON over one kept connection a service, with one token.

Deliberately small, so that starting a box needs no SDK; what the tests ask, they ask with OpenStack's own.
"""

from __future__ import annotations

import http.client
import json
from typing import Any, Self

from hdh_infra.errors import CloudError
from hdh_infra.sandbox.openstack.layout import ENDPOINTS, HOST, Box

_TIMEOUT = 60.0
"""Seconds for one answer."""


class Client:
    """One user's sight of a box. A context manager: the connections end with it."""

    def __init__(self, box: Box, user: str, password: str, project: str) -> None:
        """Authenticate. Raises `CloudError` where the box does not answer or refuses the credentials."""
        self._box = box
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self._token: str | None = None
        domain = {"name": "Default"}
        answer, headers = self._ask(
            "identity",
            "POST",
            "/auth/tokens",
            {
                "auth": {
                    "identity": {
                        "methods": ["password"],
                        "password": {"user": {"name": user, "domain": domain, "password": password}},
                    },
                    "scope": {"project": {"name": project, "domain": domain}},
                }
            },
        )
        self._token = headers["X-Subject-Token"]
        self.project: str = answer["token"]["project"]["id"]

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()

    def get(self, kind: str, path: str) -> Any:
        """Ask a type of service for something."""
        return self._ask(kind, "GET", path)[0]

    def post(self, kind: str, path: str, body: Any) -> Any:
        """Make something."""
        return self._ask(kind, "POST", path, body)[0]

    def put(self, kind: str, path: str, body: Any = None) -> Any:
        """Set something; bytes go as they are."""
        return self._ask(kind, "PUT", path, body)[0]

    def delete(self, kind: str, path: str) -> None:
        """Remove something."""
        self._ask(kind, "DELETE", path)

    def _ask(self, kind: str, method: str, path: str, body: Any = None) -> tuple[Any, http.client.HTTPMessage]:
        service = ENDPOINTS[kind][0]
        connection = self._connections.get(service)
        if connection is None:
            connection = http.client.HTTPConnection(HOST, self._box.port(service), timeout=_TIMEOUT)
            self._connections[service] = connection
        headers = {"Accept": "application/json"}
        if self._token is not None:
            headers["X-Auth-Token"] = self._token
        content: bytes | None = None
        if isinstance(body, bytes):
            content, headers["Content-Type"] = body, "application/octet-stream"
        elif body is not None:
            content, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            connection.request(method, self._path(kind) + path, content, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise CloudError(
                "sandbox/openstack",
                f"{service} does not answer: {error}",
                f"See {self._box.log}, then stop and start it again",
            ) from error
        if answer.status >= http.client.BAD_REQUEST:
            raise CloudError(
                "sandbox/openstack",
                f"{service} refuses {method} {path}: {answer.status} {_reason(text)}",
                f"See {self._box.log}",
            )
        is_json = "json" in answer.headers.get("Content-Type", "") and text
        return (json.loads(text) if is_json else None), answer.headers

    def _path(self, kind: str) -> str:
        paths = {"image": "/v2", "network": "/v2.0", "key-manager": "/v1"}
        if kind == "block-storage":
            return f"/v3/{self.project}"
        return paths.get(kind, ENDPOINTS[kind][1])


def _reason(text: bytes) -> str:
    return " ".join(text.decode(errors="replace").split())[:300]
