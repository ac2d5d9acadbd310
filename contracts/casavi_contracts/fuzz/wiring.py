"""Ties a run to schemathesis: what fills its requests, logs in, learns from answers and checks them."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from schemathesis.checks import CHECKS as REGISTRY
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.meta import TestPhase
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from schemathesis.python import asgi
from schemathesis.schemas import BaseSchema

from casavi_contracts.contract import Contract
from casavi_contracts.fuzz.bridge import Bridge
from casavi_contracts.fuzz.checks import CHECKS, Check
from casavi_contracts.fuzz.direct import Direct
from casavi_contracts.fuzz.filler import Filler
from casavi_contracts.fuzz.sent import Sent, needs_token
from casavi_contracts.fuzz.session import Session
from casavi_contracts.fuzz.tool import answer_of, operation_of, sent_of
from casavi_contracts.http.exchange import Answer

Hook = Callable[..., Any]

SessionOf = Callable[[Case[Any]], Session | None]
"""Tells the run that a case belongs to; None if it is none of ours."""

_ONE_RUN = threading.Lock()
"""Checks and hooks of schemathesis are registered for the whole process, so there is one run at a time."""


class Wiring:
    """The hooks and checks of a run.

    Args:
        session_of: Tells the run of a case.
        fill: Whether requests are filled with what exists.
    """

    def __init__(self, session_of: SessionOf, *, fill: bool = True) -> None:
        self._session_of = session_of
        self._fills = fill
        self._latest: tuple[Response, Sent, Answer] | None = None
        self.hooks: tuple[Hook, ...] = (self.before_call, self.after_call)
        self.checks = tuple(self._as_check(one) for one in CHECKS)

    # Not in `map_body`, which would mend requests that are meant to be broken, and not where cases are made: those of
    # one operation are all made before the first is sent, and would carry tokens that have ended by then.
    def before_call(self, context: Any, case: Case[Any], kwargs: dict[str, Any]) -> None:
        """Fills a request before it goes out."""
        session = self._session_of(case)
        if self._fills and session is not None:
            _fill(case, session)

    def after_call(self, context: Any, case: Case[Any], response: Response) -> None:
        """Learns from an answer."""
        session = self._session_of(case)
        if session is not None:
            answer = answer_of(response, session.contract, operation_of(case))
            self._latest = (response, sent_of(case, response), answer)
            session.note(*self._latest[1:])

    def log_in(self, schema: BaseSchema, contract: Contract) -> None:
        """Makes the requests of a schema carry a good token.

        Args:
            schema: The document under test.
            contract: The contract of its version.
        """
        session_of = self._session_of
        refused = contract.values["unauthorized-status"]

        # Asked for each request: the session knows when a token ends, and it is logged in again after a refusal.
        @schema.auth(refresh_interval=0, retry_on=[refused])
        class Token:
            def get(self, case: Case[Any], context: Any) -> str | None:
                session = session_of(case)
                return session.token() if session and needs_token(session.contract, operation_of(case)) else None

            def set(self, case: Case[Any], data: str, context: Any) -> None:
                case.headers["token"] = data

    def _as_check(self, one: Check) -> Any:
        """Returns a convention as a check of schemathesis."""

        def run(context: Any, response: Response, case: Case[Any]) -> bool | None:
            session = self._session_of(case)
            if session is None:
                return True  # it has nothing to say
            one.body(session, *self._seen(case, response, session.contract))
            return None

        run.__name__ = one.name
        run.__doc__ = one.sentence
        return run

    def _seen(self, case: Case[Any], response: Response, contract: Contract) -> tuple[Sent, Answer]:
        """Returns request and answer as they were, even if a hook has made the answer fit to be shown meanwhile."""
        if self._latest is not None and self._latest[0] is response:
            return self._latest[1:]
        return sent_of(case, response), answer_of(response, contract, operation_of(case))


@contextlib.contextmanager
def installed(session: Session, schema: BaseSchema, *, fill: bool = True) -> Iterator[None]:
    """Registers the hooks and checks of a run, and takes them away at the end.

    Args:
        session: The account of the run.
        schema: The document under test; requests of others are left alone.
        fill: Whether requests are filled with what exists.
    """
    app = schema.app
    wiring = Wiring(lambda case: session if case.operation.app is app else None, fill=fill)
    with _ONE_RUN:
        for check in wiring.checks:
            REGISTRY.register(check)
        for hook in wiring.hooks:
            GLOBAL_HOOK_DISPATCHER.register_hook_with_name(hook, hook.__name__)
        wiring.log_in(schema, session.contract)
        opened = asgi.get_client
        if isinstance(app, Bridge):
            asgi.get_client = partial(_client, Direct(app), opened)
        try:
            yield
        finally:
            asgi.get_client = opened
            for check in wiring.checks:
                REGISTRY.unregister(check.__name__)
            for hook in wiring.hooks:
                GLOBAL_HOOK_DISPATCHER.unregister(hook)


def _client(direct: Direct, opened: Callable[..., Any], app: Any, **more: Any) -> Any:
    """Returns the session for an application; schemathesis would open one with a thread for every request."""
    return direct if isinstance(app, Bridge) else opened(app, **more)


def _fill(case: Case[Any], session: Session) -> None:
    filler = Filler(session)
    operation, meta = operation_of(case), case.meta
    if operation is None or meta is None:
        return
    linked = meta.phase.name is TestPhase.STATEFUL
    if meta.generation.mode.is_positive:
        old = {name: unquote(str(value)) for name, value in case.path_parameters.items()}
        new = filler.parameters(operation, old, linked=linked)
        changed = {name: quote(value, safe="") for name, value in new.items() if value != old[name]}
        if changed:
            case.path_parameters = {**case.path_parameters, **changed}
        body = filler.body(operation, case.body, linked=linked)
    else:
        body = filler.disguised(operation, case.body)
    if body is not case.body:
        case.body = body
    if case.headers.get("token") in session.tokens:
        case.headers["token"] = session.token()  # a refresh may have ended the one that it was made with
