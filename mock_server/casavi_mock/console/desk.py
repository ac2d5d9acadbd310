"""What all pages share: the verbs of the control plane, called in this process, and names for accounts."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from casavi_mock.accounts import Account
from casavi_mock.control.app import HANDLERS
from casavi_mock.control.call import Call, ControlPlane, Reply
from casavi_mock.control.problems import Problem
from casavi_mock.control.verbs import Verb, verbs
from casavi_mock.domain.violations import Violation
from casavi_mock.system import entropy, monotonic

MAX_JUDGED = 200
"""Accounts whose violations are remembered, so that a page that is looked at again judges nothing anew."""


JUDGED_SECONDS = 15
"""After so long they are judged anew in any case."""

Send = Callable[[str, bytes, str], tuple[int, bytes, str]]
"""Posts JSON to a path of the vendor's API with a token, as a client would, so that it is in the journal afterwards.

It returns status and body of the answer, and an empty text; 0, nothing and the reason if there is no answer.
"""


class Sent(NamedTuple):
    """How the API answered a request that the console sent."""

    status: int
    """0 if a fault cut the connection, or the answer did not come in time."""
    body: bytes
    note: str
    """Why there is no answer; empty if there is one."""


@dataclass
class Desk:
    """Verbs, and accounts by names that tell nothing of their keys.

    Args:
        plane: The control plane.
        send: Posts to the vendor's API.
        base_url: Returns the address of the server as the browser knows it.
    """

    plane: ControlPlane
    send: Send
    base_url: Callable[[], str]
    _verbs: dict[str, Verb] = field(init=False, repr=False)
    _salt: bytes = field(default_factory=lambda: entropy(16), init=False, repr=False)
    _keys: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _judged: dict[str, tuple[object, list[Violation]]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._verbs = {verb.id: verb for verb in verbs(dict(self.plane.document))}

    # Accounts.

    def accounts(self) -> Iterator[tuple[int, Account]]:
        """Yields the accounts with their numbers."""
        return enumerate(self.plane.registry, 1)

    def name_of(self, account: Account) -> str:
        """Returns a name of an account: the same as long as the server runs, and nothing of its key."""
        return hashlib.blake2b(account.key.encode(), digest_size=5, key=self._salt).hexdigest()

    def find(self, name: str | None) -> Account | None:
        """Returns an account; the default one if no name is given, None if there is none at all.

        Raises:
            Problem: There is no account of that name.
        """
        registry = self.plane.registry
        if name is None:
            return registry.default
        if name not in self._keys:
            self._keys = {self.name_of(account): account.key for account in registry}
        found = registry.get(self._keys.get(name, ""))
        if found is None:
            raise Problem(404, "There is no such account; it may have been closed.")
        return found

    def number_of(self, account: Account) -> int:
        """Returns the number that the control plane lists an account under."""
        return next((number for number, one in self.accounts() if one is account), 0)

    def violations(self, account: Account) -> list[Violation]:
        """Returns what the client of an account should do otherwise; judged anew only if something has happened."""
        queue, journal = account.queue, account.journal
        name = self.name_of(account)
        # Commands of a test may excuse a client without a trace here.
        now = int(monotonic() / JUDGED_SECONDS)
        state = (now, id(journal), journal.last_number, len(journal), len(queue), queue.unfinished, queue.done)
        known = self._judged.get(name)
        if known is None or known[0] != state:
            known = state, account.violations()
            self._judged.pop(name, None)
            self._judged[name] = known
            if len(self._judged) > MAX_JUDGED:
                self._judged.pop(next(iter(self._judged)), None)  # another thread may have been here
        return known[1]

    # Verbs.

    def reply(
        self,
        verb: str,
        account: Account | None = None,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Reply:
        """Returns the answer of a verb, checked against the document as if it had come over HTTP.

        Args:
            verb: Its `operationId`.
            account: The account that it is about.
            path: Parameters of the path.
            query: Parameters of the query.
            body: JSON; bytes are JSON already.

        Raises:
            Problem: It is refused.
        """
        known = self._verbs[verb]
        given = dict(path or {})
        known.check_path(given)
        asked = known.query({name: [str(value)] for name, value in (query or {}).items()})
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        if len(raw) > known.max_bytes:
            raise Problem(413, f"The body is longer than {known.max_bytes} bytes.", "", expected="less", got="more")
        parsed = known.body({b"content-type": b"application/json"}, raw)
        key = None if account is None else account.key
        answer = HANDLERS[verb](Call(self.plane, key, self.base_url(), given, asked, parsed))
        self.plane.settle(known.method)
        return answer

    def ask(self, verb: str, account: Account | None = None, **parts: Any) -> Any:
        """Returns what a verb answers, None if that is nothing; arguments as those of `reply`."""
        answer = self.reply(verb, account, **parts)
        return orjson.loads(answer.body) if answer.body else None
