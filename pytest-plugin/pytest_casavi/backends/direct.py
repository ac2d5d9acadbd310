"""Steers accounts of this process: the verbs of the control plane, called without HTTP."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from casavi_mock.accounts import Registry
from casavi_mock.control.app import HANDLERS
from casavi_mock.control.call import Call, ControlPlane
from casavi_mock.control.document import load_document
from casavi_mock.control.problems import Problem
from casavi_mock.control.verbs import Verb, verbs
from pytest_casavi.backends.loop_thread import refuse_fork
from pytest_casavi.errors import CannotSteer, told

__tracebackhide__ = told

MANY_RECORDS = 1 << 30
"""More records than can be due."""

_HEADERS = {b"content-type": b"application/json"}


class DirectPlane:
    """The control plane of accounts in this process, with the same checks as over HTTP.

    Args:
        registry: The accounts.
        url: Address of the API.
    """

    def __init__(self, registry: Registry, url: str) -> None:
        document = load_document(registry.settings)
        self._pid = os.getpid()
        self.url = url
        self.operations = registry.settings.operations
        self._plane = ControlPlane(registry, {}, document)
        self._verbs: dict[str, Verb] = {verb.id: verb for verb in verbs(document)}

    def ask(self, key: str, verb: str, path: Mapping[str, str], query: Mapping[str, Any], body: Any) -> Any:
        """Returns what a verb answers about an account.

        Raises:
            CannotSteer: It is refused.
        """
        refuse_fork(self._pid)
        known = self._verbs[verb]
        try:
            known.check_path(path)
            call = Call(
                self._plane,
                key,
                self.url,
                path,
                known.query({name: [str(value)] for name, value in query.items() if value is not None}),
                known.body(_HEADERS, b"" if body is None else orjson.dumps(body)),
            )
            answer = HANDLERS[verb](call).body
        except Problem as problem:
            raise CannotSteer(problem.detail, problem.possible) from None
        except orjson.JSONEncodeError as error:
            raise CannotSteer(f"This cannot be said in JSON: {error}.") from None
        return orjson.loads(answer) if answer else None

    def add_choosing(self, key: str, body: Any, chooses: Callable[[Any], object]) -> str:
        """Plans a fault for the calls that a function chooses; returns its id."""
        account = self._plane.registry.get(key)
        if account is None:
            raise CannotSteer("This account was closed.")
        with account.lock:  # no call comes between
            fault_id = str(self.ask(key, "addFault", {}, {}, body)["id"])
            seen = account.faults.planned[fault_id]
            account.faults.planned[fault_id] = replace(seen, fault=replace(seen.fault, chooses=chooses))
        return fault_id

    def revision(self, key: str) -> object:
        """Returns something that differs from what it was if the records of an account may have changed since."""
        account = self._plane.registry.get(key)
        if account is None:
            return None
        account.run_due(MANY_RECORDS)
        return account.revision


class DirectSteering:
    """Reads and steers one account of this process.

    Args:
        plane: Reaches all of them.
        key: Its API key.
    """

    def __init__(self, plane: DirectPlane, key: str) -> None:
        self._plane = plane
        self._key = key
        self._state: tuple[object, Any] = None, None

    @property
    def operations(self) -> tuple[str, ...]:
        """Every `operationId` of the contract."""
        return self._plane.operations

    def add_choosing(self, body: Any, chooses: Callable[[Any], object]) -> str:
        """Plans a fault for the calls that a function chooses; returns its id."""
        return self._plane.add_choosing(self._key, body, chooses)

    def ask(
        self,
        verb: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Returns what a verb answers; see `pytest_casavi.steering.Steering`."""
        if verb != "getState":
            return self._plane.ask(self._key, verb, path or {}, query or {}, body)
        revision = self._plane.revision(self._key)  # the state of a large account is not made anew for every look
        if revision is None or self._state[0] != revision:
            self._state = revision, self._plane.ask(self._key, verb, {}, {}, None)
        return self._state[1]
