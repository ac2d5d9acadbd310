"""The mock in a child process, and calls that recorders and mocks of HTTP do not see."""

import http.server
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from pytest_casavi import CasaviConfig
from pytest_casavi.backends import process
from pytest_casavi.errors import CannotSteer, CasaviError
from pytest_casavi.wire import Unreachable, Wire
from tests.support.server import Live

KILLED = """
import os, signal, sys
from pytest_casavi import CasaviConfig
from pytest_casavi.backends.process import ProcessBackend
backend = ProcessBackend(CasaviConfig(backend="process"))
account = backend.open()
if sys.argv[1] == "fork" and os.fork() == 0:
    os.close(2)  # what is left of the session holds the child's input open
    signal.pause()
print(os.getpid(), account.url, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["alone", pytest.param("fork", marks=pytest.mark.slow)])
def test_the_process_ends_though_the_session_is_killed(how: str) -> None:
    """The child holds the error output, which ends when it has ended."""
    command = [sys.executable, "-c", KILLED, how]
    ended = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert ended.stdout is not None
        assert ended.stderr is not None
        url = ended.stdout.readline().split()[1]
        assert ended.wait(30) == -signal.SIGKILL
        assert ended.stderr.read() == ""
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/_mock/health")
    finally:
        if how == "fork":
            with_group = ended.pid
            process.os.killpg(with_group, signal.SIGKILL)
        for pipe in (ended.stdout, ended.stderr):
            if pipe is not None:
                pipe.close()


def test_a_process_that_does_not_start_tells_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotSteer, match="no-such-guess"):
        process.ProcessBackend(CasaviConfig(backend="process", assumptions={"no-such-guess": 1}))
    monkeypatch.setattr(process, "START_SECONDS", 0.0)
    with pytest.raises(CasaviError, match=r"does not start: its process is not ready within 0 s\."):
        process.ProcessBackend(CasaviConfig(backend="process"))
    monkeypatch.undo()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CasaviError, match=r"does not start: its process ended with 1;"):
        process.ProcessBackend(CasaviConfig(backend="process"))
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(CasaviError, match=r"its process cannot be started: .*No such file"):
        process.ProcessBackend(CasaviConfig(backend="process"))


HIDDEN = """
import http.client, socket
import httpx
import pytest

def seen(*_, **__):
    raise AssertionError("a recorder saw it")

@pytest.fixture
def recorder(monkeypatch):
    class Socket(socket.socket):
        def __new__(cls, *_, **__):
            seen()
    for place, names in {
        http.client.HTTPConnection: ["request", "putrequest", "connect", "getresponse", "endheaders"],
        httpx.Client: ["send", "request", "_send_single_request", "_transport_for_url"],
        httpx.AsyncClient: ["send", "request", "_send_single_request", "_transport_for_url"],
        httpx.HTTPTransport: ["handle_request"],
        httpx.AsyncHTTPTransport: ["handle_async_request"],
        socket.socket: ["connect"],
        socket: ["create_connection", "getaddrinfo"],
    }.items():
        for name in names:
            monkeypatch.setattr(place, name, seen)
    monkeypatch.setattr(http.client, "HTTPConnection", seen)
    monkeypatch.setattr(socket, "socket", Socket)

def test_steering(recorder, casavi, casavi_client):
    casavi.load("small-house")
    casavi.clock.freeze()
    assert casavi_client.get("/contacts").status_code == 200
    assert casavi.requests.one().operation == "getContacts"

@pytest.mark.asyncio
async def test_async(casavi, monkeypatch):
    async with casavi.async_client() as client:
        for name in ("send", "request", "_transport_for_url"):
            monkeypatch.setattr(httpx.AsyncClient, name, seen)
        assert (await client.get("/contacts")).status_code == 200
"""


@pytest.mark.parametrize("backend", ["server", "inprocess", "process", "url"])
def test_calls_of_the_plugin_are_invisible(project: pytest.Pytester, open_mock: Live, backend: str) -> None:
    project.makepyfile(HIDDEN)
    options = [f"--casavi-url={open_mock.url}"] if backend == "url" else []
    project.runpytest(f"--casavi-backend={backend}", *options).assert_outcomes(passed=2)


BLOCKED = """
import dataclasses, socket
import pytest

class SocketBlockedError(RuntimeError):
    pass

@pytest.fixture(scope="session")
def casavi_config(casavi_config):
    return dataclasses.replace(casavi_config, polls=9)  # so that a further mock starts in the test

@pytest.fixture
def blocked(monkeypatch):
    class Blocked(socket.socket):
        def __new__(cls, *_, **__):
            raise SocketBlockedError("A test tried to use socket.socket.")
    monkeypatch.setattr(socket, "socket", Blocked)

def test_start(blocked, casavi):
    pass

def test_client(casavi, blocked):
    socket.create_connection(("127.0.0.1", 1))
"""


def test_where_sockets_are_blocked_the_option_is_named(project: pytest.Pytester) -> None:
    project.makepyfile(BLOCKED)
    outcome = project.runpytest("--tb=short", "-p", "no:randomly")
    outcome.assert_outcomes(failed=1, errors=1)
    outcome.stdout.fnmatch_lines_random(
        [
            "*SocketBlockedError*--allow-hosts=127.0.0.1*--allow-unix-socket*",
            "pytest-socket lets*--allow-hosts=127.0.0.1*",
        ]
    )


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers with the target that it was asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_: object) -> None:
        pass


def test_a_proxy_of_the_environment_leads_to_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"127.0.0.1:{server.server_port}"
        for name in ("all_proxy", "ALL_PROXY", "http_proxy", "no_proxy", "NO_PROXY", "HTTP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", address)
        far, near = Wire("http://casavi.example/base"), Wire(f"http://{address}/base")
        assert far.send("GET", "/x?y=1").body == b"http://casavi.example/base/x?y=1"
        assert near.send("GET", "/x?y=1").body == b"/base/x?y=1"
        far.close()
        near.close()
        server.shutdown()
        thread.join()


def test_a_connection_that_was_closed_meanwhile_is_made_anew(open_mock: Live) -> None:
    wire = Wire(open_mock.url)
    assert wire.send("GET", "/_mock/health").good
    assert wire._kept is not None
    wire._kept[1].sock.shutdown(socket.SHUT_RDWR)
    assert wire.send("GET", "/_mock/health").good
    wire.close()


def test_nobody_answers() -> None:
    with pytest.raises(Unreachable, match="refused") as raised:
        Wire("http://127.0.0.1:1").send("GET", "/")
    assert raised.value.refused
