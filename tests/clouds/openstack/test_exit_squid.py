"""The proxy's own program and squid for real: what a client gets through a door, and what it is refused.

Squid is Debian's package, unpacked into a folder of the user's cache; nothing is installed. Everything is on the loopback.
"""

import contextlib
import http.server
import importlib.util
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import ClassVar

import pytest

from hdh_infra.clouds.exit_program import Passing, doors, items

PACKAGES = (
    "squid-openssl", "squid-common", "squid-langpack", "libecap3", "libltdl7", "libnetfilter-conntrack3", "libnfnetlink0",
    "libtdb1",
)  # fmt: skip
PORT, PLAIN, OTHER = 18_443, 18_080, 18_444
FIRST, SECOND = 20_481, 20_482
SAID = {
    FIRST: Passing({"pypi.test": ((PORT, PORT),), "*.debian.test": ((PLAIN, PLAIN), (PORT, PORT)), "inside.test": ((PORT, PORT),)},
                   {"mine.s3.test": ((PORT, PORT),)}),
    SECOND: Passing({"pypi.test": ((PORT, PORT),)}, {}),
}  # fmt: skip
NAMES = ("pypi.test", "www.debian.test", "debian.test", "evil.test", "mine.s3.test", "other.s3.test")
GONE = "closed"


def program():
    """The program as it stands in the package, loaded without its main."""
    path = resources.files("hdh_infra.clouds") / "data/hdh_exit.py"
    spec = importlib.util.spec_from_file_location("hdh_exit", str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def squid(tmp_path_factory):
    """Where squid's package is unpacked."""
    if not all(map(shutil.which, ("apt-get", "dpkg-deb", "openssl"))):
        pytest.skip("squid is had from Debian's packages, by apt-get")
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hdh-infra" / "squid"
    if not (kept / "usr/sbin/squid").exists():
        work = tmp_path_factory.mktemp("apt")
        (work / "lists/partial").mkdir(parents=True)
        own = [
            "-q",
            "-o",
            f"Dir::State::Lists={work}/lists",
            "-o",
            f"Dir::Cache={work}",
            "-o",
            "APT::Sandbox::User=root",
        ]
        for words in (["update"], ["download", *PACKAGES]):
            done = subprocess.run(["apt-get", *own, *words], cwd=work, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"squid's package cannot be had: {done.stderr[-300:]}")
        unpacked = kept.with_name(f"squid.{os.getpid()}")
        for package in work.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
        with contextlib.suppress(OSError):
            unpacked.rename(kept)
    return kept


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    put: ClassVar[list] = []

    def do_GET(self):
        body = f"served {self.headers['Host']} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        length = self.headers["Content-Length"]
        self.put.append((self.headers["Host"], self.path, self.rfile.read(int(length)) if length else self.chunks()))
        self.send_response(200)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def chunks(self):
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *words):
        pass


def certificate(folder, name, *words):
    key, made = folder / f"{name}.key", folder / f"{name}.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-keyout", key, "-out", made, *words],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, made


@contextlib.contextmanager
def serving(port, wrap=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer)
    server.daemon_threads = True
    if wrap:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(wrap[1], wrap[0])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Client:
    """A client of the proxy that trusts both the real servers and the proxy."""

    trust: Path
    heard: list[str] = field(default_factory=list)

    def ask(self, door, to, *, sni=None, host=None, target="/k"):
        """What comes of a connection through a door: the certificate's issuer, and the answer's status and body."""
        with socket.create_connection(("127.0.0.1", door), timeout=10) as plain:
            plain.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
            first = plain.recv(65536).decode(errors="replace")
            if " 200 " not in first.partition("\r\n")[0]:
                return "proxy", first.split(" ")[1], ""
            context = ssl.create_default_context(cafile=str(self.trust))
            context.check_hostname = False
            name = to.partition(":")[0]
            try:
                with context.wrap_socket(plain, server_hostname=sni or name) as closed:
                    issuer = dict(one[0] for one in closed.getpeercert()["issuer"])["commonName"]
                    closed.sendall(f"GET {target} HTTP/1.1\r\nHost: {host or to}\r\nConnection: close\r\n\r\n".encode())
                    return issuer, *self.read(closed)
            except OSError:
                return GONE, "", ""

    def plainly(self, door, url, words="GET"):
        """What comes of a request that is not encrypted."""
        with socket.create_connection(("127.0.0.1", door), timeout=10) as plain:
            host = url.split("/")[2]
            plain.sendall(f"{words} {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return self.read(plain)

    def through(self, door, to, words):
        """What comes back where something that is not TLS is sent through a tunnel."""
        with socket.create_connection(("127.0.0.1", door), timeout=10) as plain:
            plain.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
            plain.recv(65536)
            plain.sendall(words)
            plain.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                return self.read(plain)[1]
            return ""

    @staticmethod
    def read(connection):
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        head, _, body = b"".join(parts).decode(errors="replace").partition("\r\n\r\n")
        return head.split(" ")[1] if " " in head else "", body


@pytest.fixture(scope="module")
def folder():
    """A folder whose parents everybody may enter: squid gives up root's rights."""
    with tempfile.TemporaryDirectory(prefix="hdh-exit-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def client(squid, folder):
    """A client, with squid running by the configuration that the program makes of metadata."""
    squid = shutil.copytree(squid, folder / "squid", symlinks=True)
    subject = ",".join(f"DNS:{name}" for name in (*NAMES, "inside.test"))
    real = certificate(folder, "real", "-addext", f"subjectAltName={subject}")
    key, own = certificate(folder, "exit", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0")
    (folder / "authority.pem").write_text(key.read_text() + own.read_text())
    (folder / "trust.pem").write_text(real[1].read_text() + own.read_text())
    hosts = [f"127.0.0.1 {name}" for name in NAMES] + ["127.9.0.1 inside.test"]
    (folder / "hosts").write_text("\n".join(hosts) + "\n")
    libraries = {**os.environ, "LD_LIBRARY_PATH": str(next((squid / "usr/lib").glob("*-linux-gnu")))}
    maker = str(squid / "usr/lib/squid/security_file_certgen")
    made = program()
    made.PLAIN = PLAIN
    text = made.configuration(items(SAID), str(folder / "authority.pem"), str(folder / "certificates"), maker)
    # What a test must have otherwise: folders of its own, names of its own, and servers on the loopback, of which a part stays refused.
    text = text.replace("/var/log/squid", str(folder)).replace("127.0.0.0/8", "127.9.0.0/16").replace(":3128", ":13128")
    (folder / "squid.conf").write_text(
        f"{text}hosts_file {folder}/hosts\npid_filename {folder}/squid.pid\ncoredump_dir {folder}\n"
        f"tls_outgoing_options cafile={folder}/real.crt\nmime_table {squid}/usr/share/squid/mime.conf\n"
        f"error_directory {squid}/usr/share/squid-langpack/templates\nicon_directory {squid}/usr/share/squid/icons\n"
        f"unlinkd_program {squid}/usr/lib/squid/unlinkd\npinger_enable off\nnetdb_filename none\n"
        f"cache_effective_user {'proxy' if os.geteuid() == 0 else 'nobody'}\n"
    )
    subprocess.run(
        [maker, "-c", "-s", folder / "certificates", "-M", "4MB"], env=libraries, check=True, capture_output=True
    )
    for path in (folder, *folder.glob("*"), *(folder / "certificates").rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    words = [str(squid / "usr/sbin/squid"), "-f", str(folder / "squid.conf")]
    parsed = subprocess.run([*words, "-k", "parse"], env=libraries, capture_output=True, text=True, check=False)
    bad = [
        line
        for line in parsed.stderr.splitlines()
        if "Processing" not in line and any(one in line for one in ("ERROR", "FATAL", "WARNING"))
    ]
    assert (parsed.returncode, bad) == (0, [])
    with serving(PORT, real), serving(PLAIN), serving(OTHER, real):
        with (folder / "said").open("w") as said:
            running = subprocess.Popen([*words, "--foreground", "-N"], env=libraries, stdout=said, stderr=said)
        try:
            _wait(running, folder)
            yield Client(folder / "trust.pem")
        finally:
            running.terminate()
            running.wait(20)


def _wait(running, folder):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", SECOND), timeout=1):
            return
        if running.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(
        "".join(one.read_text() for one in (folder / "said", folder / "cache.log") if one.exists())[-2000:]
    )


def test_the_program_reads_metadata_as_the_observer_does():
    """Two readers of one language, and both refuse the same."""
    made, written = (
        program(),
        {**items(SAID), "exit-hosts-20483-0": "pypi.org", "exit-other-20484-0": "pypi.org:443", "note": "x"},
    )
    read = {
        port: {(name, ports) for kind in made.KINDS for name, ports in kinds[kind]}
        for port, kinds in made.doors(written).items()
        if any(kinds.values())
    }
    assert read.keys() == doors(written).keys() == {FIRST, SECOND}
    for port, passing in doors(written).items():
        assert {name for name, _ in read[port]} == {*passing.hosts, *passing.stores}


def test_no_metadata_let_nothing_pass():
    text = program().configuration({})
    assert "http_access allow" not in text
    assert [line for line in text.splitlines() if line.startswith("http_port")] == ["http_port 127.0.0.1:3128"]


@pytest.mark.parametrize("to", ["pypi.test", "www.debian.test"])
def test_a_named_host_is_reached_and_the_connection_stays_closed_to_the_proxy(client, to):
    issuer, status, body = client.ask(FIRST, f"{to}:{PORT}")
    assert (issuer, status, body) == ("real", "200", f"served {to}:{PORT} /k")


@pytest.mark.parametrize(
    "to", [f"evil.test:{PORT}", f"debian.test:{PORT}", f"pypi.test:{OTHER}", f"127.0.0.1:{PORT}", f"inside.test:{PORT}", f"other.s3.test:{PORT}"]
)  # fmt: skip
def test_what_is_not_named_is_refused(client, to):
    """Another host, what is above `*.`, another port, an address, a name that leads to the machine itself, another bucket."""
    issuer, status, body = client.ask(FIRST, to)
    assert issuer != "real"
    assert status in {"403", "409"}
    assert "served" not in body


def test_a_host_that_is_not_the_one_in_the_tls_greeting_is_not_reached(client):
    assert client.ask(FIRST, f"pypi.test:{PORT}", sni="evil.test")[0] == GONE


def test_what_is_not_tls_passes_to_no_port_of_tls(client):
    assert "served" not in client.through(FIRST, f"pypi.test:{PORT}", b"GET /k HTTP/1.1\r\nHost: pypi.test\r\n\r\n")


def test_what_is_not_encrypted_passes_where_its_port_is_named(client):
    assert client.plainly(FIRST, f"http://www.debian.test:{PLAIN}/k")[0] == "200"
    assert client.plainly(FIRST, f"http://pypi.test:{PLAIN}/k")[0] == "403"
    assert client.ask(FIRST, f"www.debian.test:{PLAIN}")[1] == "403"


def test_a_named_bucket_is_reached_and_looked_into(client):
    issuer, status, body = client.ask(FIRST, f"mine.s3.test:{PORT}")
    assert (issuer, status, body) == ("exit", "200", f"served mine.s3.test:{PORT} /k")


@pytest.mark.parametrize(
    "trick",
    [
        {"host": f"other.s3.test:{PORT}"},
        {"sni": "other.s3.test", "host": f"other.s3.test:{PORT}"},
        {"target": f"https://other.s3.test:{PORT}/k"},
        {"target": f"https://other.s3.test:{PORT}/k", "host": f"other.s3.test:{PORT}"},
    ],
)  # fmt: skip
def test_no_client_gets_to_another_bucket_by_asking_for_it_inside_the_encryption(client, trick):
    """All buckets share one address and one certificate: this is what a name in CONNECT alone would not stop."""
    issuer, status, body = client.ask(FIRST, f"mine.s3.test:{PORT}", **trick)
    assert issuer == "exit"
    assert status in {"403", "409"}
    assert "served" not in body


def test_a_bucket_is_not_reached_by_a_client_that_gives_the_proxy_its_words_in_clear(client):
    assert client.plainly(FIRST, f"https://mine.s3.test:{PORT}/k")[0] == "403"
    assert client.plainly(FIRST, f"http://mine.s3.test:{PLAIN}/k")[0] == "403"


def test_each_door_lets_pass_its_own_and_nothing_of_others(client):
    assert client.ask(SECOND, f"pypi.test:{PORT}")[:2] == ("real", "200")
    assert client.ask(SECOND, f"mine.s3.test:{PORT}")[1] == "403"
    assert client.ask(13128, f"pypi.test:{PORT}")[:2] == ("proxy", "403")


def test_squid_tells_nobody_about_itself(client):
    assert client.plainly(FIRST, f"http://127.0.0.1:{FIRST}/squid-internal-mgr/info")[0] in {"403", "404"}


@pytest.mark.parametrize("checksum", ["when_required", "when_supported"])
def test_boto3_puts_into_the_named_bucket_as_the_documentation_says_and_into_no_other(client, checksum):
    """The second is boto3's own default: the body then comes in pieces, with its checksum behind it."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    proxies = {"https": f"http://127.0.0.1:{FIRST}"}
    s3 = boto3.client(
        "s3",
        endpoint_url=f"https://s3.test:{PORT}",
        region_name="test",
        aws_access_key_id="user",
        aws_secret_access_key="secret",
        verify=str(client.trust),
        config=Config(
            proxies=proxies,
            s3={"addressing_style": "virtual"},
            request_checksum_calculation=checksum,
            retries={"total_max_attempts": 1},
        ),
    )
    body = b"x" * 3_000_000
    Answer.put.clear()
    s3.put_object(Bucket="mine", Key="one", Body=body)
    ((host, path, stored),) = Answer.put
    assert (host, path) == (f"mine.s3.test:{PORT}", "/one")
    assert stored.count(b"x") >= len(body)
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket="other", Key="one", Body=body)
    assert len(Answer.put) == 1
