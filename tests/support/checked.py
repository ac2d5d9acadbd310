"""Mocks that a check is let loose on: at a port of their own, and every request is written down."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casavi_mock.accounts import Registry, Settings
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import MockApp, new_registry
from casavi_mock.server.options import EdgeOptions
from casavi_mock.server.serving import bind, server_for

KEY, SECRET = "the-key-of-the-account", "the-secret-of-the-account"
SECOND_KEY, SECOND_SECRET = "the-key-of-another-account", "the-secret-of-another-account"

ACCOUNT = {"CASAVI_API_KEY": KEY, "CASAVI_API_SECRET": SECRET}
SECOND = {"CASAVI_API_KEY_2": SECOND_KEY, "CASAVI_API_SECRET_2": SECOND_SECRET}
CONSENT = {"CASAVI_ALLOW_WRITES": "1"}

Application = Callable[[Any, Any, Any], Any]


@dataclass
class Sent:
    """A request that has reached the server."""

    method: str
    path: str
    body: bytes


@dataclass
class Checked:
    """A running mock."""

    url: str
    registry: Registry
    sent: list[Sent] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    """Tokens that were sent or answered."""

    @property
    def vendor(self) -> list[Sent]:
        """Requests that were not for the control plane."""
        return [one for one in self.sent if not one.path.startswith("/_mock")]

    @property
    def imports(self) -> list[Sent]:
        """Requests that may have created records."""
        return [one for one in self.sent if one.method == "POST" and one.path.endswith("/import")]

    def records(self) -> int:
        """How many records all accounts hold."""
        return sum(
            account.store.count(entity) for account in self.registry for entity in ("contacts", "properties", "units")
        )


@contextlib.contextmanager
def checked(
    *,
    control: bool = True,
    control_token: str | None = None,
    profile: Mapping[str, Any] | None = None,
    mode: str = "immediate",
    around: Callable[[Application], Application] = lambda app: app,
) -> Iterator[Checked]:
    """Yields a running mock with two accounts.

    Args:
        control: Whether it has a control plane; without one it counts as real.
        control_token: What the control plane wants.
        profile: Values of assumptions.
        mode: How jobs move on.
        around: Wraps the application, to make it wrong on purpose.
    """
    registry = new_registry(Settings.from_profile(profile or {}, progress=Progress(mode=mode)))
    registry.create(KEY, Secret(SECRET))
    registry.create(SECOND_KEY, Secret(SECOND_SECRET))
    options = EdgeOptions(control=control, control_token=Secret(control_token) if control_token else None)
    listening = bind("127.0.0.1", 0)
    here = Checked(f"http://127.0.0.1:{listening.getsockname()[1]}", registry)
    server = server_for(_writing_down(around(MockApp(registry, options=options)), here))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield here
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def _writing_down(app: Application, here: Checked) -> Application:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        one = Sent(scope["method"], scope["path"], b"")
        here.sent.append(one)
        here.secrets.update(value.decode("latin-1") for name, value in scope["headers"] if name == b"token")

        async def receiving() -> Any:
            message = await receive()
            one.body += message.get("body", b"")
            return message

        await app(scope, receiving, send)

    return application


def answering(
    wrong: Callable[[str, str], tuple[int, dict[str, str], bytes] | None],
) -> Callable[[Application], Application]:
    """Returns what answers some requests in the place of the application.

    Args:
        wrong: Is given method and path, returns status, headers and body, or None to let the application answer.
    """

    def around(app: Application) -> Application:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            said = wrong(scope["method"], scope["path"]) if scope["type"] == "http" else None
            if said is None:
                await app(scope, receive, send)
                return
            while (await receive()).get("more_body"):
                pass
            status, headers, body = said
            raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": raw})
            await send({"type": "http.response.body", "body": body})

        return application

    return around
