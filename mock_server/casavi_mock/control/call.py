"""What a verb is given, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any

import orjson

from casavi_contracts import spec
from casavi_mock.accounts import Account, Registry
from casavi_mock.bodies.validation import BodySchema
from casavi_mock.control.problems import MAX_COUNTED, Problem, from_errors
from casavi_mock.domain.model import ENTITIES

KEY_HEADER = "X-Mock-Key"
NEW_KEY_HEADER = "X-Mock-New-Key"
"""What stands before several servers gives the key of an account in it that is opened without one."""


class ControlPlane:
    """What all verbs share.

    Args:
        registry: The accounts.
        readiness: Parts of the server, and whether each is ready.
        document: The control plane's own document.
        facts: What health tells beside what the accounts hold, by name.
        saved: Waits until what was done is saved, and returns why it cannot be; None if nothing is saved.
    """

    def __init__(
        self,
        registry: Registry,
        readiness: Mapping[str, bool],
        document: Mapping[str, Any],
        facts: Mapping[str, Callable[[], Any]] | None = None,
        saved: Callable[[], str | None] | None = None,
    ) -> None:
        self.registry = registry
        self.readiness = readiness
        self.document = document
        self.facts = facts or {}
        self._saved = saved

    def settle(self, method: str) -> None:
        """Waits until what a verb did is saved, where that is wanted.

        Args:
            method: That of the verb, in upper case.

        Raises:
            Problem: It cannot be saved.
        """
        if self._saved is not None and method != "GET" and (trouble := self._saved()) is not None:
            raise Problem(503, f"This was done, and cannot be saved: {trouble}.")

    @cached_property
    def _portfolio(self) -> BodySchema:
        schema = spec.request_schema(dict(self.registry.settings.document), "importMasterData")
        assert schema is not None, "the import takes a body"
        return BodySchema(schema)

    def check_portfolio(self, portfolio: Any) -> None:
        """Checks a portfolio against the contract.

        Raises:
            Problem: It does not satisfy the contract, of which a profile may have made another one.
        """
        if not self._portfolio.satisfied_by(portfolio):
            errors = list(islice(self._portfolio.errors(portfolio), MAX_COUNTED))
            raise from_errors(errors, status=409)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, checked against the document."""

    plane: ControlPlane
    key: str | None
    """The key of the account, if one was named."""
    base_url: str
    """The address of the server as the client knows it."""
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any

    @property
    def account(self) -> Account:
        """The account that is meant.

        Raises:
            Problem: There is none.
        """
        if self.key is None:
            account = self.plane.registry.default
            if account is None:
                raise Problem(404, "This server has no account yet; open one with POST /_mock/accounts.")
        else:
            account = self.plane.registry.get(self.key)
            if account is None:
                detail = f"There is no account with the key in the header {KEY_HEADER}."
                raise Problem(404, detail, KEY_HEADER, "the key of an account", "another text")
        return account


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes out."""

    body: bytes
    status: int = 200
    media_type: str = "application/json"


Handler = Callable[[Call], Reply]


def reply(value: Any, status: int = 200) -> Reply:
    """Returns a value as a JSON answer."""
    return Reply(orjson.dumps(value), status)


def nothing() -> Reply:
    """Returns an answer without a body."""
    return Reply(b"", 204)


def moment(text: str) -> datetime:
    """Returns a moment, aware.

    Args:
        text: In RFC 3339, as the document has checked it.
    """
    return datetime.fromisoformat(text.upper())


def held(account: Account) -> dict[str, int]:
    """Returns how many records an account holds, by entity, such as `{"contacts": 3}`."""
    store = account.store  # another one may take its place at any time
    return {entity: store.count(entity) for entity in ENTITIES}
