"""Puts the server together: the vendor's API, the control plane and the pages behind one ASGI application."""

import asyncio
import functools
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

from casavi_mock.accounts import Registry, Settings
from casavi_mock.bodies.pauses import ClientGone
from casavi_mock.errors import Refused
from casavi_mock.journal.recorder import Recorder
from casavi_mock.messages.answers import Answer, Problems
from casavi_mock.messages.request import Request, Trail
from casavi_mock.server.door import Door
from casavi_mock.server.mount import PREFIX, ControlMount
from casavi_mock.server.options import EdgeOptions
from casavi_mock.server.pages import Pages
from casavi_mock.server.protocol import break_off, watching
from casavi_mock.server.worker import Worker
from casavi_mock.system import entropy, monotonic
from casavi_mock.vendor.addresses import Addresses
from casavi_mock.vendor.api import vendor_api
from casavi_mock.vendor.conformance import AnswerSchemas
from casavi_mock.vendor.faults import Gone, Injected, Pause, Strikes, pause

if TYPE_CHECKING:
    from flask import Flask

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("casavi_mock.app")


system_now = functools.partial(datetime.now, UTC)
"""Returns the system's time, aware, in UTC."""


def new_registry(
    settings: Settings, *, now: Callable[[], datetime] = system_now, new_token: Callable[[], str] | None = None
) -> Registry:
    """Returns an empty registry that makes unguessable tokens and ids.

    Args:
        settings: What all accounts share.
        now: Returns the current time, aware; the system's if not given.
        new_token: Returns an unguessable text for a token, where that has to look different from others.
    """
    return Registry(settings, now=now, new_token=new_token, new_text=lambda: str(UUID(bytes=entropy(16), version=4)))


class MockApp:
    """The whole server as an ASGI application.

    Args:
        registry: The accounts.
        now: Returns the current time, aware.
        options: How the server appears to the outside.
    """

    def __init__(
        self, registry: Registry, *, now: Callable[[], datetime] = system_now, options: EdgeOptions | None = None
    ) -> None:
        self.registry = registry
        self._options = options = options or EdgeOptions()
        settings = registry.settings
        self.readiness: dict[str, bool] = {"worker": False}
        self.pause: Pause = pause
        """Waits as long as an injected delay says."""
        self._problems = Problems(settings.rules, settings.policy.error_media_type)
        self._recorder = Recorder(registry, self._problems, now)
        prefix = entropy(4).hex()  # different for every start of a server
        self._request_ids = map(f"{prefix}-%06d".__mod__, itertools.count(1))
        self.door = Door(options.connections, self._turned_away)
        """Bounds on connections, for the server that runs this application."""
        self.facts: dict[str, Callable[[], Any]] = {"connections": self.door.view}
        """What health tells beside what the accounts hold."""
        self._pages = Pages(settings.documents)
        self._strikes = Strikes(settings.policy.error_media_type, self._pause, watching)
        addresses = Addresses(options.base_url, forwarded=options.forwarded)
        self._router = vendor_api(registry, self._strikes.strike, addresses)
        self._control = ControlMount(self._control_plane)
        self._worker = Worker(registry)
        self._allowed = AnswerSchemas(settings.documents) if options.strict else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        path: str = scope["path"]
        if path == PREFIX or path.startswith(PREFIX + "/"):
            await self._control(scope, receive, send)
            return
        cut, answer = None, None
        if path in self._pages.paths and scope["method"] in ("GET", "HEAD"):
            answer = self._pages.page(path)
        else:
            answer, cut = await self._exchange(scope, receive, send)
        if answer is not None and cut in (None, "truncate"):
            length = str(len(answer.body)).encode()
            headers = [(b"content-type", answer.media_type), (b"content-length", length), *answer.headers]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            body = b"" if scope["method"] == "HEAD" else answer.body
            sent = len(body) // 2 if cut else len(body)
            await send({"type": "http.response.body", "body": body[:sent], "more_body": bool(cut)})
        if cut is not None:
            break_off(send, reset=cut == "reset")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the worker in the current event loop; for use without a server that knows lifespans."""
        self._worker.start()
        loop = asyncio.get_running_loop()
        self.facts["tasks"] = lambda: len(asyncio.all_tasks(loop))
        self.readiness["worker"] = True
        try:
            yield
        finally:
            self.readiness["worker"] = False
            await self._worker.stop()
            self._control.close()

    def _control_plane(self) -> "Flask":
        from casavi_mock.control.app import control_app

        return control_app(
            self.registry,
            self.readiness,
            self._options.control_token,
            only_open=not self._options.control,
            facts=self.facts,
        )

    async def _pause(self, seconds: float, gone: Gone) -> None:
        await self.pause(seconds, gone)

    def _turned_away(self, refusal: Refused) -> Answer:
        """Returns the answer to a connection that does not become a request."""
        request_id = next(self._request_ids)
        answer = self._problems.answer(refusal, request_id)
        answer.headers = (*answer.headers, (b"x-request-id", request_id.encode()))
        return answer

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await send({"type": "websocket.close", "code": 1000})
            return
        await receive()
        async with self.running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> tuple[Answer | None, str | None]:
        """Answers one request to the vendor's API, and writes it down.

        Returns:
            The answer, None if the client has gone; and how a fault cuts it: `reset`, `truncate`, `lost-response`, or
            None if it does not.
        """
        started = monotonic()
        trail = _trail(scope, receive, send, next(self._request_ids))
        try:
            await self._router.route(trail)
            if self._allowed is not None:
                self._check(self._allowed, trail)
        except Injected as injected:
            trail.answer = injected.answer
        except ClientGone:
            return None, None
        except Refused as refusal:
            # What led to it knows the body, and would keep it until the collector comes by.
            refusal.__context__ = None
            self._refuse(trail, refusal.with_traceback(None))
        except Exception:
            log.exception("request %s failed inside the mock", trail.request_id)
            detail = f"The mock failed, not casavi. Its log has more under {trail.request_id}."
            self._refuse(trail, Refused("internal-error", detail))
        answer = trail.answer
        assert answer is not None, "an endpoint answers, or raises"
        answer.headers = (*answer.headers, (b"x-request-id", trail.request_id.encode()))
        trail.seconds = monotonic() - started
        # Written down before it is sent, so that a client that has its answer finds it in the journal.
        self._recorder.record(trail)
        return answer, self._strikes.cut(trail) if trail.fault else None

    def _refuse(self, trail: Trail, refusal: Refused) -> None:
        trail.refusal = refusal
        trail.answer = self._problems.answer(refusal, trail.request_id)

    @staticmethod
    def _check(allowed: AnswerSchemas, trail: Trail) -> None:
        assert trail.answer is not None, "an endpoint answers, or raises"
        violation = allowed.violation(trail.operation, trail.answer)
        if violation:
            log.error("the mock violates its own contract: %s", violation)
            raise Refused("internal-error", f"The mock violates its own contract: {violation}.")


def _trail(scope: Scope, receive: Receive, send: Send, request_id: str) -> Trail:
    """Returns what is told of a request at its beginning."""
    all_headers = scope["headers"]
    headers = dict(reversed(all_headers))  # of a header that comes twice the first counts
    raw_path = scope.get("raw_path")  # optional in ASGI, though every server that matters gives it
    host, port = scope.get("server") or ("localhost", None)
    request = Request(
        method=scope["method"],
        path=raw_path.decode("ascii", "replace") if raw_path else quote(scope["path"]),
        query=scope["query_string"],
        headers=headers,
        receive=receive,
        all_headers=all_headers,
        scheme=scope["scheme"],
        server=f"{host}:{port}" if port else host,
        connection=send,
    )
    length = headers.get(b"content-length", b"")  # of a body that may never be read
    announced = int(length) if length.isdigit() and len(length) < 16 else 0
    return Trail(request, request_id, announced_bytes=announced)
