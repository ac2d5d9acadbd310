"""Puts the server together: the vendor's API, the control plane and the pages behind one ASGI application."""

import asyncio
import functools
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

from casavi_contracts.spec import ERROR
from casavi_mock.accounts import Registry, Settings
from casavi_mock.bodies.pauses import ClientGone
from casavi_mock.domain.model import Secret
from casavi_mock.errors import Refused
from casavi_mock.journal.recorder import Recorder
from casavi_mock.messages.answers import Answer, Problems
from casavi_mock.messages.request import Request, Trail
from casavi_mock.server.door import Door
from casavi_mock.server.inside import InsideClient
from casavi_mock.server.mount import CONSOLE, PREFIX, ControlMount
from casavi_mock.server.options import EdgeOptions
from casavi_mock.server.pages import Pages
from casavi_mock.server.protocol import break_off, watching
from casavi_mock.server.worker import Worker
from casavi_mock.system import entropy, monotonic
from casavi_mock.vendor.addresses import Addresses
from casavi_mock.vendor.api import vendor_api
from casavi_mock.vendor.conformance import AnswerSchemas
from casavi_mock.vendor.faults import NO_STATUS, Gone, Injected, Pause, Strikes, pause

if TYPE_CHECKING:
    from flask import Flask

    from casavi_mock.control.hosts import Hosts

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Route = Callable[[Trail], Awaitable[None]]

log = logging.getLogger("casavi_mock.app")


_CONNECTION = "casavi_mock.connection"
"""Where a scope holds the `send` by which the connection is known, behind a middleware that has one of its own."""

system_now = functools.partial(datetime.now, UTC)
"""Returns the system's time, aware, in UTC."""


def new_registry(
    settings: Settings,
    *,
    now: Callable[[], datetime] = system_now,
    new_token: Callable[[], str] | None = None,
    shard_key: Secret | None = None,
) -> Registry:
    """Returns an empty registry that makes unguessable tokens and ids.

    Args:
        settings: What all accounts share.
        now: Returns the current time, aware; the system's if not given.
        new_token: Returns an unguessable text for a token, where that has to look different from others.
        shard_key: The key of the shards, of which this server is one; None if it is the only one.
    """

    def new_text() -> str:
        return str(UUID(bytes=entropy(16), version=4))

    return Registry(settings, now=now, new_token=new_token, new_text=new_text, shard_key=shard_key)


class Keeping(Protocol):
    """Who saves what changes of the accounts."""

    def around(self, route: Route) -> Route:
        """Returns what answers a request like another one does, and waits until what it decided is saved."""

    def wait(self) -> str | None:
        """Waits until what has been decided so far is saved; returns why it cannot be."""

    def view(self) -> dict[str, Any]:
        """Returns what health tells of it."""


class MockApp:
    """The whole server as an ASGI application.

    Args:
        registry: The accounts.
        now: Returns the current time, aware.
        options: How the server appears to the outside.
        keeper: Who saves what changes; None if nobody does.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        now: Callable[[], datetime] = system_now,
        options: EdgeOptions | None = None,
        keeper: "Keeping | None" = None,
    ) -> None:
        self.registry = registry
        self._options = options = options or EdgeOptions()
        settings = registry.settings
        self.readiness: dict[str, bool] = {"worker": False}
        self.pause: Pause = pause
        """Waits as long as an injected delay says."""
        self._tells_id = settings.policy.request_id
        self._problems = Problems(settings.rules, settings.policy.error_media_type, settings.answers.get(ERROR))
        self._recorder = Recorder(registry, self._problems, now)
        prefix = entropy(4).hex()  # different for every start of a server
        self._request_ids = map(f"{prefix}-%06d".__mod__, itertools.count(1))
        self.door = Door(options.connections, self._turned_away)
        """Bounds on connections, for the server that runs this application."""
        self.facts: dict[str, Callable[[], Any]] = {"connections": self.door.view}
        if keeper is not None:
            self.facts["state"] = keeper.view
        """What health tells beside what the accounts hold."""
        self._pages = Pages(settings.documents, console=options.control)
        self._strikes = Strikes(settings.policy.error_media_type, self._pause, watching)
        own = {path.split("/")[1] for base, one in settings.documents.items() for path in (base + "/", *one["paths"])}
        own |= {path.split("/")[1] for path in (PREFIX, *self._pages.paths)} - {""}
        self._addresses = addresses = Addresses(options.base_url, forwarded=options.forwarded, own=own)
        self._keeper = keeper
        route = vendor_api(registry, self._strikes.strike, addresses).route
        self._route = route if keeper is None else keeper.around(route)
        self._for_browsers = _for_browsers(self, options.cors) if options.cors else None
        self._control = ControlMount(self._control_plane)
        self._console = ControlMount(self._console_pages)
        self._inside = InsideClient(self)
        self._worker = Worker(registry)
        self._allowed = AnswerSchemas(settings.documents) if options.strict else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        raw_path = scope.get("raw_path")  # optional in ASGI, though every server that matters gives it
        # As it was sent: what only decodes to a path of the mock's own is none.
        path = raw_path.decode("ascii", "replace") if raw_path else quote(scope["path"])
        address = ""
        if self._addresses.differ:
            path, address = self._public(scope, path)
        if path == PREFIX or path.startswith(PREFIX + "/"):
            mount = self._console if self._options.control and f"{path}/".startswith(CONSOLE) else self._control
            await mount({**scope, "path": unquote(path)}, receive, send, address=address)
            return
        cut, answer, connection = None, None, scope.get(_CONNECTION, send)
        if path in self._pages.paths and scope["method"] in ("GET", "HEAD"):
            answer = self._pages.page(path, dict(scope["headers"]).get(b"accept", b"*/*"), address)
        if answer is None:
            if self._for_browsers is not None and _CONNECTION not in scope:
                await self._for_browsers({**scope, _CONNECTION: send}, receive, send)  # comes back here
                return
            answer, cut = await self._exchange(scope, path, receive, connection)
        if answer is not None and cut in (None, "truncate"):
            length = str(len(answer.body)).encode()
            headers = [(b"content-type", answer.media_type), (b"content-length", length), *answer.headers]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            body = b"" if scope["method"] == "HEAD" else answer.body
            if answer.bytes_per_second is not None and body:
                await self._strikes.drip(body, answer.bytes_per_second, functools.partial(_send_part, send), connection)
                return
            sent = len(body) // 2 if cut else len(body)
            await send({"type": "http.response.body", "body": body[:sent], "more_body": bool(cut)})
        if cut is not None:
            break_off(connection, reset=cut == "reset")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the worker in the current event loop; for use without a server that knows lifespans."""
        self._worker.start()
        loop = asyncio.get_running_loop()
        self.facts["tasks"] = lambda: len(asyncio.all_tasks(loop))
        self._inside.loop = loop
        self.readiness["worker"] = True
        try:
            yield
        finally:
            self.readiness["worker"] = False
            self._inside.loop = None
            await self._worker.stop()
            self._control.close()
            self._console.close()

    def _control_plane(self) -> "Flask":
        from casavi_mock.control.app import control_app

        return control_app(
            self.registry,
            self.readiness,
            self._options.control_token,
            only_open=not self._options.control,
            hosts=self._hosts(),
            facts=self.facts,
            saved=None if self._keeper is None else self._keeper.wait,
        )

    def _console_pages(self) -> "Flask":
        from casavi_mock.console.app import console_app
        from casavi_mock.control.call import ControlPlane
        from casavi_mock.control.document import load_document

        saved = None if self._keeper is None else self._keeper.wait
        plane = ControlPlane(self.registry, self.readiness, load_document(self.registry.settings), self.facts, saved)
        return console_app(plane, self._inside.post, self._options.control_token, hosts=self._hosts())

    def _hosts(self) -> "Hosts":
        from casavi_mock.control.hosts import Hosts

        own = urlsplit(self._options.base_url or "").hostname
        allowed = (*self._options.allowed_hosts, *((own,) if own else ()))
        return Hosts(allowed, forwarded=self._options.forwarded)

    async def _pause(self, seconds: float, gone: Gone) -> None:
        await self.pause(seconds, gone)

    def _turned_away(self, refusal: Refused) -> Answer:
        """Returns the answer to a connection that does not become a request."""
        request_id = next(self._request_ids)
        answer = self._problems.answer(refusal, request_id)
        log.warning("%s refused a connection before it became a request: %s", request_id, refusal)
        if self._tells_id:
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

    def _public(self, scope: Scope, path: str) -> tuple[str, str]:
        """Returns the path of a request as this server knows it, and the server's public address."""
        request = _request(scope, path, _nothing, None)
        return self._addresses.own_path(path, self._addresses.prefix(request.headers)), self._addresses.of(request)

    async def _exchange(
        self, scope: Scope, path: str, receive: Receive, connection: Send
    ) -> tuple[Answer | None, str | None]:
        """Answers one request to the vendor's API, and writes it down.

        Returns:
            The answer, None if the client has gone; and how a fault cuts it: `reset`, `truncate`, `lost-response`, or
            None if it does not.
        """
        started = monotonic()
        request = _request(scope, path, receive, connection)
        length = request.headers.get(b"content-length", b"")  # of a body that may never be read
        announced = int(length) if length.isdigit() and len(length) < 16 else 0
        trail = Trail(request, next(self._request_ids), announced_bytes=announced)
        try:
            await self._route(trail)
            if self._allowed is not None:
                self._check(self._allowed, trail)
        except Injected as injected:
            trail.answer = injected.answer
        except ClientGone:
            if trail.account is not None:
                del trail.account.in_flight[trail.request_id]
            return None, None
        except asyncio.CancelledError:  # so does a client in this process that gives up
            if trail.account is not None:
                trail.answer = Answer(NO_STATUS, b"")
                self._recorder.record(trail)
            raise
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
        if self._tells_id:
            answer.headers = (*answer.headers, (b"x-request-id", trail.request_id.encode()))
        trail.seconds = monotonic() - started
        # Written down before it is sent, so that a client that has its answer finds it in the journal.
        self._recorder.record(trail)
        answer.bytes_per_second = trail.fault.effect.bytes_per_second if trail.fault else None
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


async def _send_part(send: Send, part: bytes, more: bool) -> None:  # as ASGI says it
    await send({"type": "http.response.body", "body": part, "more_body": more})


def _request(scope: Scope, path: str, receive: Receive, connection: Send | None) -> Request:
    """Returns a request as it came, under a path of this server's own, still encoded."""
    all_headers = scope["headers"]
    host, port = scope.get("server") or ("localhost", None)
    return Request(
        method=scope["method"],
        path=path,
        query=scope["query_string"],
        headers=dict(reversed(all_headers)),  # of a header that comes twice the first counts
        receive=receive,
        all_headers=all_headers,
        scheme=scope["scheme"],
        server=f"{host}:{port}" if port else host,
        connection=connection,
    )


def _for_browsers(app: Application, origins: tuple[str, ...]) -> Application:
    """Returns an application that lets pages of these origins call another one; `*` stands for all."""
    from starlette.middleware.cors import CORSMiddleware

    known: Application = CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["*"],
        expose_headers=["X-Request-Id", "Retry-After", "Allow", "Deprecation"],
    )
    return known


async def _nothing() -> Message:
    raise AssertionError("nobody reads this body")
