"""The server as it starts and ends."""

import asyncio
import threading
from typing import Any

import pytest
from flask import Flask

from casavi_mock.server import stopping
from casavi_mock.server.mount import ControlMount
from tests.support.server import Live, Mock


def test_ends_as_soon_as_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not look now and then whether it was told: then this would take an hour."""
    monkeypatch.setattr(stopping, "_DATE_SECONDS", 3600.0)
    with Mock().listening():
        pass


def test_may_be_told_again_when_it_has_ended() -> None:
    live = Live(Mock())
    with live.running():
        pass
    live.server.should_exit = True
    assert live.server.should_exit


async def test_the_control_plane_is_built_once_and_when_it_is_asked_for() -> None:
    """Loading it takes a good part of a start, and of those who ask many ask at the same time."""
    built: list[int] = []

    def build() -> Flask:
        built.append(threading.get_ident())
        app = Flask(__name__)
        app.add_url_rule("/x", "x", lambda: "here")
        return app

    mount = ControlMount(build)
    assert built == []
    assert await asyncio.gather(*(asked(mount) for _ in range(3))) == [200] * 3
    mount.close()
    mount.close()
    assert await asked(mount) == 200
    mount.close()
    assert len(built) == 1
    assert built != [threading.get_ident()], "other clients do not wait for it"


async def asked(mount: ControlMount) -> int:
    """The status of an answer of the control plane."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/_mock/x", "headers": [], "query_string": b"", "scheme": "http"}
    await mount({**scope, "http_version": "1.1", "server": ("mock", 80), "client": ("c", 1)}, receive, send)
    status: int = sent[0]["status"]
    return status
