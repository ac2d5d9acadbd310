"""Hooks for the command line of schemathesis; the shipped settings load them.

    SCHEMATHESIS_HOOKS=casavi_contracts.fuzz.hooks st run http://127.0.0.1:4227/openapi.json

`CASAVI_API_KEY` and `CASAVI_API_SECRET` name the account; a mock's default account needs neither. At a server that does
not show itself to be a mock, only operations that read are tested: writing to a real account needs a ledger and a
budget, and `casavi-mock check` has both.
"""

import atexit
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import httpx
from hypothesis import configuration
from schemathesis.checks import CHECKS as REGISTRY
from schemathesis.cli import EventHandler, handler
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import events
from schemathesis.generation.case import Case
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from schemathesis.schemas import BaseSchema

from casavi_contracts.context import Names
from casavi_contracts.contract import Contract
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.fuzz.session import Session
from casavi_contracts.fuzz.tool import HARMLESS
from casavi_contracts.fuzz.wiring import Hook, Wiring
from casavi_contracts.http.client import Client
from casavi_contracts.http.network import UnusableVariable, connection_settings
from casavi_contracts.http.target import ControlPlane, Credentials, Target

KEY, SECRET = "CASAVI_API_KEY", "CASAVI_API_SECRET"

TIMEOUT = 30.0
"""Seconds that the requests of the hooks themselves may take."""

JOB_SECONDS = 10.0
"""Seconds within which the first import has to end; without it there is less to refer to, and nothing else."""


class CommandLine:
    """The run that a command line of schemathesis starts.

    Args:
        environment: Where key and secret are.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._schema: BaseSchema | None = None
        self._session: Session | None = None
        self.wiring = Wiring(self.session_of)

    def take(self, schema: BaseSchema) -> None:
        """Takes a document that was loaded; its address is known only later.

        Raises:
            casavi_contracts.failures.CouldNotRun: It is not one of the contract documents.
        """
        self._schema, self._session = schema, None
        self.wiring.log_in(schema, contract_of(schema.raw_schema))

    def session_of(self, case: Case[Any]) -> Session | None:
        """Returns the session of a case; None if it is of another document."""
        return self.session() if case.operation.schema is self._schema else None

    def session(self) -> Session | None:
        """Returns the session of the document, begun; None before one was loaded.

        Raises:
            casavi_contracts.failures.CouldNotRun: There are no credentials, or the server cannot be reached.
        """
        if self._session is None and self._schema is not None:
            self._session = self._begin(self._schema)
        return self._session

    def _begin(self, schema: BaseSchema) -> Session:
        contract = contract_of(schema.raw_schema)
        root = schema.get_base_url().removesuffix(contract.base)
        try:
            reached = connection_settings(root)
        except UnusableVariable as error:
            raise CouldNotRun(str(error)) from None
        if not schema.config.tls_verify:
            reached["verify"] = False
        http = httpx.Client(base_url=root, timeout=TIMEOUT, **reached)
        atexit.register(http.close)
        try:
            plane = ControlPlane.find(http)
        except httpx.HTTPError as error:
            raise CouldNotRun(f"{root} cannot be reached: {type(error).__name__}") from error
        account = self._credentials(contract, is_mock=plane is not None)
        target = Target(http, (account,), may_write=plane is not None, job_timeout=JOB_SECONDS)
        names = Names(f"st-{secrets.token_hex(3)}-")
        session = Session(Client(target, contract, account), names, fresh=False, writes=plane is not None)
        session.begin()
        if not session.writes:
            schema.config.phases.coverage.unexpected_methods = set(HARMLESS)
            _tell(f"{root} is no mock that can be steered: only operations that read are tested")
        if session.broken is not None:
            _tell(f"there is less to refer to: {session.broken}")
        return session

    def _credentials(self, contract: Contract, *, is_mock: bool) -> Credentials:
        key, secret = self._environment.get(KEY), self._environment.get(SECRET)
        if key and secret:
            return Credentials(key, secret)
        if not is_mock or key or secret:
            raise CouldNotRun(f"set {KEY} and {SECRET} to key and secret of the account")
        example = contract.document["components"]["schemas"]["Credentials"]["example"]
        return Credentials(example["key"], example["secret"])


def contract_of(document: Mapping[str, Any]) -> Contract:
    """Returns the contract that a document states, with the profile that is written in it.

    Raises:
        casavi_contracts.failures.CouldNotRun: It is none of the contract documents.
    """
    if "x-assumptions" not in document:
        raise CouldNotRun(
            "these hooks are for the documents that casavi-mock serves, /openapi.json and /v2/openapi.json"
        )
    version = "v2" if str(document["info"]["version"]).startswith("2") else "v1"
    return Contract(version, document=document)


def _tell(text: str) -> None:
    sys.stderr.write(f"casavi-mock: {text}\n")


def _handler(line: CommandLine) -> type[EventHandler[Any]]:
    """Returns what keeps tokens out of all that is printed about answers."""

    class Redaction(EventHandler[Any]):
        def handle_event(self, ctx: Any, event: Any) -> None:
            session = line.session() if isinstance(event, events.ScenarioFinished) else None
            if session is not None:
                for interaction in event.recorder.interactions.values():
                    _redact(session, interaction.response)

    return Redaction


def _redact(session: Session, response: Response | None) -> None:
    if response is not None and response.content:
        redact = session.client.target.recorder.redact
        text = response.content.decode(errors="surrogateescape")
        response.content = redact(text).encode(errors="surrogateescape")


def _keep_the_folder_clean() -> None:
    """Gives hypothesis a folder that is removed at the end; nothing that it writes is read again."""
    folder = tempfile.TemporaryDirectory(prefix="casavi-fuzz-")
    atexit.register(folder.cleanup)
    configuration.set_hypothesis_home_dir(folder.name)


def _register(line: CommandLine) -> None:
    """Adds checks and hooks to schemathesis, for as long as the process lives."""

    def after_load_schema(context: Any, schema: BaseSchema) -> None:
        line.take(schema)

    def before_process_path(context: Any, path: str, methods: dict[str, Any]) -> None:
        session = line.session()
        if session is not None and not session.writes:
            for method in [name for name in methods if name in ("post", "put", "patch", "delete")]:
                del methods[method]

    def filter_failure(context: Any, failure: Failure, case: Case[Any], response: Response) -> bool:
        session = line.session_of(case)
        if session is not None:
            failure.message = session.client.target.recorder.redact(failure.message)
            _redact(session, response)
        return True

    for check in line.wiring.checks:
        REGISTRY.register(check)
    hooks: list[Hook] = [*line.wiring.hooks, after_load_schema, before_process_path, filter_failure]
    for hook in hooks:
        GLOBAL_HOOK_DISPATCHER.register_hook_with_name(hook, hook.__name__)
    handler()(_handler(line))


_keep_the_folder_clean()
_register(CommandLine(os.environ))
