"""One account of the mock in the hands of a test."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from casavi_contracts.http.network import connection_settings, is_loopback
from pytest_casavi.errors import told
from pytest_casavi.handle.clock import Clock
from pytest_casavi.handle.faults import Faults, Refusals
from pytest_casavi.handle.job_queue import Queue
from pytest_casavi.handle.jobs import Jobs
from pytest_casavi.handle.portfolios import Portfolio, document
from pytest_casavi.handle.records import Records, responsibilities
from pytest_casavi.handle.requests import Requests
from pytest_casavi.handle.violations import Criteria, Violation, described, violations_of
from pytest_casavi.secret_text import SECRETS, SecretText
from pytest_casavi.steering import Steering

if TYPE_CHECKING:
    import httpx

    from pytest_casavi.transport import Transport

__tracebackhide__ = told


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where an account is and how it is reached."""

    url: str
    """Address of the API, without a slash at its end."""
    key: SecretText
    secret: SecretText
    steering: Steering
    transport: "Transport | None" = None
    """Where requests go that need no socket; None for the network."""
    controlled: bool = True
    """Whether it can be steered, and its client's violations found; a real account cannot."""
    asked: Callable[[], int | None] = field(default=lambda: None, repr=False)
    """Returns the number of the last request; None where that is not known without asking for it."""
    close: Callable[[], None] = field(default=lambda: None, repr=False)
    """Closes it, with everything in it; may be called again."""


class Casavi:
    """One account of the mock: its address and credentials for the client, and everything that a test may ask of it.

    Args:
        account: Where it is.
        criteria: What is asked of the client.
    """

    def __init__(self, account: Account, criteria: Criteria | None = None) -> None:
        self._account = account
        self._steering = account.steering
        self._criteria = criteria or Criteria()
        self._snapshots = 0
        self.requests = Requests(self._steering)
        """What the client asked, and what it was answered."""
        self.jobs = Jobs(self._steering, self.requests)
        """The jobs of its imports."""
        self.queue = Queue(self._steering)
        """Whether and how jobs move on."""
        self.clock = Clock(self._steering)
        """The time of the account."""
        self.faults = Faults(self._steering)
        """Errors that the client is to meet."""
        self.records = Refusals(self._steering)
        """Which records are to be refused."""
        self.contacts = Records(self._steering, "contacts")
        """Stored contacts by id."""
        self.properties = Records(self._steering, "properties")
        """Stored properties by id, with their addresses and units."""
        self.units = Records(self._steering, "units")
        """Stored units by id, with their contracts."""
        self.documents = Records(self._steering, "documents")
        """Stored documents by id, without their contents."""

    def __repr__(self) -> str:
        return f"<Casavi at {self.url}>"

    # Where it is.

    @property
    def url(self) -> str:
        """Address of the API, without a slash at its end: what stands in the place of `https://api.mycasavi.com`."""
        return self._account.url

    @property
    def key(self) -> str:
        """The API key. It can be sent like any text; its `repr` does not show it."""
        return self._account.key

    @property
    def secret(self) -> str:
        """The API secret. It can be sent like any text; its `repr` does not show it."""
        return self._account.secret

    @property
    def env(self) -> dict[str, str]:
        """The variables by which a client finds the mock: `CASAVI_URL`, `CASAVI_API_KEY`, `CASAVI_API_SECRET`."""
        return {"CASAVI_URL": self.url, "CASAVI_API_KEY": self.key, "CASAVI_API_SECRET": self.secret}

    @property
    def transport(self) -> "Transport | None":
        """Where httpx has to send its requests: None for the network, as always but with the backend `inprocess`."""
        return self._account.transport

    def token(self) -> str:
        """Returns a new token. It is no log-in of the client: no request tells of it."""
        token = SecretText(self._steering.ask("issueToken")["token"])
        SECRETS.remember(token)
        return token

    def client(self, **options: Any) -> "httpx.Client":
        """Returns an httpx client with a token of this account; the caller closes it.

        Args:
            options: As those of `httpx.Client`.
        """
        from pytest_casavi.clients import Client

        return Client(**self._client_options(options))

    def async_client(self, **options: Any) -> "httpx.AsyncClient":
        """Returns an async httpx client with a token of this account, for `async with`.

        Args:
            options: As those of `httpx.AsyncClient`.
        """
        from pytest_casavi.clients import AsyncClient

        return AsyncClient(**self._client_options(options))

    # What it holds.

    @property
    def responsibilities(self) -> list[dict[str, Any]]:
        """The stored responsibilities."""
        return responsibilities(self._steering)

    def load(self, portfolio: Portfolio) -> dict[str, int]:
        """Imports records at once, without a job and a request; all of them, or none.

        Args:
            portfolio: Name of a sample (`small-house`), a JSON file as a `pathlib.Path`, or the body of an import.

        Returns:
            How many records of each kind there are now.

        Raises:
            pytest_casavi.CannotSteer: There is no such sample or file, or the mock refuses a record.
        """
        counts: dict[str, int] = self._steering.ask("loadPortfolio", body=document(portfolio))["records"]
        return counts

    def snapshot(self, name: str | None = None) -> "Snapshot":
        """Remembers records, ended jobs, tokens and faults; not the requests and the time.

        As a context (`with casavi.snapshot():`) it goes back to them at its end.

        Args:
            name: For `restore`; one is made up if not given.

        Raises:
            pytest_casavi.CannotSteer: Not all jobs have ended, or there are too many snapshots.
        """
        self._snapshots += 1
        taken = name or f"snapshot {self._snapshots} of the test"
        self._steering.ask("saveSnapshot", path={"name": taken})
        return Snapshot(self, taken, keep=name is not None)

    def restore(self, name: str) -> None:
        """Goes back to a snapshot, as often as need be; unfinished jobs are gone.

        Raises:
            pytest_casavi.CannotSteer: There is no snapshot of that name; the text lists them.
        """
        self._steering.ask("restoreSnapshot", path={"name": name})

    def reset(self) -> None:
        """Begins anew with the records, time and progress of the start: no jobs, tokens, faults, requests.

        A client has to log in again. Snapshots stay.
        """
        self._steering.ask("reset")
        self.faults.forget_begun()

    def expire_tokens(self) -> int:
        """Ends all tokens of the account, earlier than the client was told; returns how many that were."""
        return int(self._steering.ask("expireTokens")["expired"])

    # How the client behaves.

    @property
    def violations(self) -> list[Violation]:
        """What the client should do otherwise, apart from what the test allows."""
        return violations_of(self._steering, self._criteria)

    def assert_clean(self) -> None:
        """Makes sure that there is no violation for which the test would fail at its end.

        Raises:
            AssertionError: There are some; the text shows them.
        """
        violations = self.violations
        if grave := self._criteria.grave(violations):
            raise AssertionError(described(violations, grave))

    def _client_options(self, options: dict[str, Any]) -> dict[str, Any]:
        headers = {"token": self.token(), **(options.pop("headers", None) or {})}
        address = str(options.get("base_url", self.url))
        usual: dict[str, Any] = {"base_url": self.url, "transport": self.transport}
        if (usual | options)["transport"] is None:
            if is_loopback(address) and address.startswith("http:"):
                from pytest_casavi.clients import DirectTransport

                usual |= {"transport": DirectTransport(), "trust_env": False}
            else:
                usual |= connection_settings(address)
        return {**usual, **options, "headers": headers}


class Snapshot:
    """What an account was at a moment.

    Args:
        casavi: The account.
        name: Its name.
        keep: Whether it stays after the end of a `with`.
    """

    def __init__(self, casavi: Casavi, name: str, *, keep: bool) -> None:
        self._casavi = casavi
        self._keep = keep
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def restore(self) -> None:
        """Goes back to it."""
        self._casavi.restore(self.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.restore()
        if not self._keep:
            self._casavi._steering.ask("deleteSnapshot", path={"name": self.name})
