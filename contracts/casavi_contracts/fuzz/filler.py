"""Puts what exists in the place of what was made up: ids, credentials, tokens.

A generator of requests knows the shapes and nothing of the account. Of its references one in hundreds leads somewhere,
and it never guesses a password. Only requests that are meant to satisfy the contract are filled; those that are meant
to break it stay broken.
"""

import copy
import json
import zlib
from collections.abc import Mapping
from typing import Any

from casavi_contracts.fuzz.records import references
from casavi_contracts.fuzz.session import AUTHENTICATE, IMPORT, JOB, REFRESH, Session
from casavi_contracts.spec import identifiers, records

NEW_NAMES, OLD_NAMES = ("key", "secret"), ("apiKey", "password")
SECRET_NAMES = (*NEW_NAMES, *OLD_NAMES, "email", "token")
"""Members of a log-in or refresh that hold what no answer may repeat."""

MADE_UP = "made-up-"
"""How made-up secrets begin, so that they are known again wherever they turn up."""

UNFILLED = 4
"""Every so manieth request keeps what was made up: unknown ids and wrong credentials have to be refused."""


class Filler:
    """Fills the requests of one run.

    The same requests in the same order are filled in the same way. One that is filled already stays as it is.

    Args:
        session: What exists.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def parameters(self, operation: str, values: Mapping[str, str], *, linked: bool = False) -> dict[str, str]:
        """Returns the values of a path's parameters with ids that exist, and now and then with one that does not.

        Args:
            operation: The `operationId`.
            values: The values by name, decoded.
            linked: Whether they may come from an earlier answer, and then stay what they are.
        """
        return {name: self._parameter(operation, name, value, linked) for name, value in values.items()}

    def body(self, operation: str, body: Any, *, linked: bool = False) -> Any:
        """Returns a body that is meant to satisfy the contract, with ids and credentials that exist.

        Args:
            operation: The `operationId`.
            body: A JSON value.
            linked: Whether links lead on from the request: that of the log-in knows the new names alone.
        """
        if not isinstance(body, dict):
            return body
        if operation == IMPORT:
            return self._import(body)
        if operation in (AUTHENTICATE, REFRESH):
            if _number(body) % UNFILLED == 0:
                return self._wrong(operation, body)
            return self._log_in(body, linked) if operation == AUTHENTICATE else self._refresh(body)
        return body

    def disguised(self, operation: str, body: Any) -> Any:
        """Returns a body whose made-up secrets are known again; it satisfies the contract if it did so before."""
        if operation not in (AUTHENTICATE, REFRESH) or not isinstance(body, dict):
            return body
        secrets = {
            name: f"{MADE_UP}{_number(body[name]):08x}"
            for name in SECRET_NAMES
            if isinstance(body.get(name), str) and body[name] and not self._is_real(body[name])
        }
        return {**body, **secrets}

    def _wrong(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """Returns wrong credentials; every other time it is the secret or the token alone that is wrong."""
        wrong: dict[str, Any] = self.disguised(operation, body)
        name = "key" if "key" in wrong and operation == AUTHENTICATE else "apiKey"
        if name in wrong and _number(body) // UNFILLED % 2:
            wrong[name] = self._session.client.credentials.key
        return wrong

    def _is_real(self, value: str) -> bool:
        account = self._session.client.credentials
        return value in (account.key, account.secret) or value in self._session.tokens

    def _parameter(self, operation: str, name: str, value: str, linked: bool) -> str:
        entity = self._session.contract.references(operation).get(name)
        pool = self._session.jobs if operation == JOB else self._session.known.get(entity or "")
        if pool is None or value.startswith(MADE_UP) or (linked and value in pool):
            return value
        turn = self._session.turn()
        if turn % UNFILLED == 0 and not linked:
            return f"{MADE_UP}{turn}" if value in pool else value
        return value if value in pool else pool.pick(turn) or value

    def _log_in(self, body: dict[str, Any], linked: bool) -> dict[str, Any]:
        account = self._session.client.credentials
        is_new = linked or all(name in body for name in NEW_NAMES)
        used, unused = (NEW_NAMES, OLD_NAMES) if is_new else (OLD_NAMES, NEW_NAMES)
        kept = {name: value for name, value in body.items() if name not in unused}
        return {**kept, used[0]: account.key, used[1]: account.secret}

    def _refresh(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "apiKey": self._session.client.credentials.key, "token": self._session.token()}

    def _import(self, body: dict[str, Any]) -> dict[str, Any]:
        session = self._session
        filled = copy.deepcopy(body)
        if not session.fresh:
            self._take_over(filled)
        inside = identifiers(session.shape, filled)
        for entity, record, field in references(session.shape, filled):
            own, known = inside.get(entity, []), session.known[entity]
            value = record[field]
            if not isinstance(value, str) or value in own or value in known:
                continue
            turn = session.turn()
            other = known.pick(turn) if not own or turn % 2 else own[turn % len(own)]
            record[field] = other or (value if session.fresh else session.names.id(value))
        return filled

    def _take_over(self, body: dict[str, Any]) -> None:
        """Gives every record an id of the run's own, in place."""
        names = self._session.names
        for _, record in records(self._session.shape, body):
            name = record.get("id")
            if isinstance(name, str) and name and not names.mine(name):
                record["id"] = names.id(name)


def only_own_ids(session: Session, body: Any) -> bool:
    """Whether every record that an import would write, and every one that it refers to, is the run's own."""
    named = [name for names in identifiers(session.shape, body).values() for name in names]
    named += [record[field] for _, record, field in references(session.shape, body)]
    parts = [record.get("id") for kind, record in records(session.shape, body) if kind.entity and "id" in kind.identity]
    return all(isinstance(name, str) and session.names.mine(name) for name in [*named, *parts])


def _number(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return zlib.crc32(text.encode(errors="surrogatepass"))
