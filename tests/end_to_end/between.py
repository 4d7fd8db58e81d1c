"""Stands between a deployment and the servers of the sandbox, passes everything on, and does what a test asks at one moment.

One port beside each service; in what Keystone answers, the services' addresses are exchanged for these. So the real provider
speaks to the real servers, and only the moment of the fault is made here.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
OFFSET = 50
"""From a service's port to the one that stands before it."""
_HOPS = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Fault:
    """What happens to requests.

    Attributes:
        asked: a pattern of `METHOD :PORT/path`, as `POST :15604/.*subnets`.
        status: what is answered instead of what the server says; None passes it on.
        headers: of that answer.
        before: whether the server is never asked.
        seconds: how long the answer takes.
        then: done once the server has answered and before its answer is passed on; the answer is lost, but where that says False.
        skip: how many are let through first.
        count: to how many it happens.
        early: to how many it happened and meant nothing.
    """

    asked: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    before: bool = True
    seconds: float = 0.0
    then: Callable[[], object] | None = None
    skip: int = 0
    count: int = 1
    early: int = 0
    happened: int = 0


class Between:
    """All the ports, and the faults that are due."""

    def __init__(self, ports: Mapping[int, str]) -> None:
        """Ports of the services; the word `identity` stands for the one that holds the catalogue."""
        self.faults: list[Fault] = []
        self.seen: list[str] = []
        self._ports = ports
        self._lock = threading.Lock()
        self._servers: list[ThreadingHTTPServer] = []

    @contextmanager
    def served(self) -> Iterator[Between]:
        """Listen until the end."""
        for port in self._ports:
            server = ThreadingHTTPServer((HOST, port + OFFSET), self._handler(port))
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self._servers.append(server)
        try:
            yield self
        finally:
            for server in self._servers:
                server.shutdown()
                server.server_close()

    def moved(self, text: str) -> str:
        """An address, or a text with addresses, as it leads through here."""
        return re.sub(
            rf"(?<={re.escape(HOST)}:)(\d+)",
            lambda found: str(int(found[0]) + OFFSET) if int(found[0]) in self._ports else found[0],
            text,
        )

    def due(self, words: str) -> Fault | None:
        """The fault of a request; it is written down in any case."""
        with self._lock:
            self.seen.append(words)
            for one in self.faults:
                if one.count and re.fullmatch(one.asked, words):
                    if one.skip:
                        one.skip -= 1
                        continue
                    one.count -= 1
                    one.happened += 1
                    return one
        return None

    def _handler(self, port: int) -> type[BaseHTTPRequestHandler]:
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *args: Any) -> None:
                pass

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return self._pass
                raise AttributeError(name)

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.split("?", 1)[0]
                fault = between.due(f"{self.command} :{port}{path}")
                if fault and fault.seconds:
                    time.sleep(fault.seconds)
                if fault and fault.status and fault.before:
                    self._answer(fault.status, list(fault.headers.items()), b'{"error": {"message": "a fault"}}')
                    return
                try:
                    status, headers, content = self._asked(body)
                except OSError:
                    # As a server that is not there: the connection ends without a word.
                    self.close_connection = True
                    return
                if fault and fault.then and fault.then() is not False:
                    self.close_connection = True
                    return
                if fault and fault.status:
                    status, headers, content = fault.status, list(fault.headers.items()), b"{}"
                if between._ports[port] == "identity":
                    content = between.moved(content.decode()).encode()
                self._answer(status, headers, content)

            def _asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
                connection = http.client.HTTPConnection(HOST, port, timeout=120)
                try:
                    connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        if name.lower() not in _HOPS:
                            connection.putheader(name, value)
                    if body or self.headers.get("Content-Length"):
                        connection.putheader("Content-Length", str(len(body)))
                    connection.endheaders(body)
                    answer = connection.getresponse()
                    return answer.status, answer.getheaders(), answer.read()
                finally:
                    connection.close()

            def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
                try:
                    self.send_response_only(status)
                    for name, value in headers:
                        if name.lower() not in _HOPS:
                            self.send_header(name, value)
                    if self.command == "HEAD":
                        length = next((value for name, value in headers if name.lower() == "content-length"), "0")
                        self.send_header("Content-Length", length)
                    elif status not in (204, 304):
                        self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    if self.command != "HEAD" and status not in (204, 304):
                        self.wfile.write(content)
                except OSError:
                    self.close_connection = True

        return Handler
