"""Puts the server together: the vendor's API, the control plane and the pages behind one ASGI application."""

import asyncio
import logging
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from casavi_mock.accounts import Registry, Settings
from casavi_mock.bodies.body import ClientGone
from casavi_mock.errors import Refused
from casavi_mock.journal.recorder import Recorder
from casavi_mock.messages.answers import Answer, Problems
from casavi_mock.server.door import Door
from casavi_mock.server.mount import PREFIX, ControlMount
from casavi_mock.server.options import EdgeOptions
from casavi_mock.server.pages import Pages
from casavi_mock.server.worker import Worker
from casavi_mock.vendor.api import VendorApi
from casavi_mock.vendor.conformance import AnswerSchemas
from casavi_mock.vendor.faults import Admission, Injected, Pause, break_off, halving, pause
from casavi_mock.vendor.operations import Call

if TYPE_CHECKING:
    from flask import Flask

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("casavi_mock.app")


def system_now() -> datetime:
    """Returns the system's time, aware, in UTC."""
    return datetime.now(UTC)


def new_registry(settings: Settings, *, now: Callable[[], datetime] = system_now) -> Registry:
    """Returns a registry with the system's time and randomness."""
    return Registry(settings, now=now, new_text=lambda: str(uuid.uuid4()))


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
        self._error_media_type = settings.policy.error_media_type
        self._problems = Problems(settings.rules, settings.policy.error_media_type)
        self._recorder = Recorder(registry, self._problems, now, secrets.token_hex(4))
        self.door = Door(options.connections, self._turned_away)
        """Bounds on connections, for the server that runs this application."""
        self.facts: dict[str, Callable[[], Any]] = {"connections": self.door.view}
        """What health tells beside what the accounts hold."""
        self._pages = Pages(settings.documents)
        self._vendor = VendorApi(registry, base_url=options.base_url, forwarded=options.forwarded)
        self._control = ControlMount(self._control_plane)
        self._worker = Worker(registry)
        self._allowed = AnswerSchemas(settings.documents) if options.strict else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

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
        from casavi_mock.control import control_app

        return control_app(
            self.registry,
            self.readiness,
            self._options.control_token,
            only_open=not self._options.control,
            facts=self.facts,
        )

    def _turned_away(self, refusal: Refused) -> Answer:
        """Returns the answer to a connection that does not become a request."""
        request_id = self._recorder.new_id()
        answer = self._problems.answer(refusal, request_id)
        answer.headers = (*answer.headers, (b"x-request-id", request_id.encode()))
        return answer

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self.running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path == PREFIX or path.startswith(PREFIX + "/"):
            await self._control(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD") and (page := self._pages.find(path)):
            await send_answer(send, page, head=scope["method"] == "HEAD")
        else:
            await self._vendor_exchange(scope, receive, send)

    async def _vendor_exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id = self._recorder.new_id()
        headers = _headers(scope)
        call = Call(headers, receive, request_bytes=_announced_bytes(headers))
        call.admit = admission = Admission(call, request_id, self._error_media_type, send, self.pause)
        answer, refusal = await self._answer(call, scope, request_id)
        if answer is None:
            return
        answer.headers = (*answer.headers, (b"x-request-id", request_id.encode()))
        # Written down before it is sent, so that a client that has its answer finds it in the journal.
        self._recorder.record(
            call,
            answer,
            request_id=request_id,
            method=scope["method"],
            path=scope["path"],
            seconds=time.perf_counter() - started,
            refusal=refusal,
            scope_headers=scope["headers"],
            query=scope["query_string"],
            injected=admission.injected,
            effect=admission.effect,
        )
        cut = admission.cut
        if cut in (None, "truncate"):
            await send_answer(halving(send) if cut else send, answer, head=scope["method"] == "HEAD")
        if cut:
            break_off(send, reset=cut == "reset")

    async def _answer(self, call: Call, scope: Scope, request_id: str) -> tuple[Answer | None, Refused | None]:
        refusal = None
        try:
            return self._checked(call, await self._vendor.answer(call, scope)), None
        except Refused as error:
            # What led to it knows the body, and would keep it until the collector comes by.
            refusal = error.with_traceback(None)
            refusal.__context__ = None
        except Injected as injected:
            return injected.answer, None
        except ClientGone:
            return None, None
        except Exception:
            log.exception("request %s failed inside the mock", request_id)
            refusal = Refused("internal-error", f"The mock failed, not casavi. Its log has more under {request_id}.")
        return self._problems.answer(refusal, request_id), refusal

    def _checked(self, call: Call, answer: Answer) -> Answer:
        violation = self._allowed.violation(call.operation, answer) if self._allowed else None
        if violation:
            log.error("the mock violates its own contract: %s", violation)
            raise Refused("internal-error", f"The mock violates its own contract: {violation}.")
        return answer


async def send_answer(send: Send, answer: Answer, *, head: bool) -> None:
    """Sends a complete answer; without its body to a HEAD request."""
    headers = [
        (b"content-type", answer.media_type),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


def _announced_bytes(headers: Mapping[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 16 else 0


def _headers(scope: Scope) -> Mapping[bytes, bytes]:
    # Of a header that comes twice the first counts.
    return dict(reversed(scope["headers"]))
