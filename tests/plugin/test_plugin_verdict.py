"""The server, the command line and the plugin agree about a client, whoever of them steered what it met."""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Protocol

import httpx
import pytest
from click.testing import CliRunner

from casavi_mock.cli.commands import cli
from pytest_casavi import Casavi, CasaviConfig
from pytest_casavi.backends.remote import RemoteBackend
from pytest_casavi.factory import open_casavi
from pytest_casavi.marks import Marks

CONTACT = {"contacts": [{"id": "C-1", "lastName": "Smith"}]}
MONTH = {"days": 31}


@pytest.fixture(scope="module")
def backend(open_mock: SimpleNamespace) -> Iterator[RemoteBackend]:
    backend = RemoteBackend(CasaviConfig(backend="url", url=open_mock.url))
    yield backend
    backend.close()


@pytest.fixture
def casavi(backend: RemoteBackend) -> Iterator[Casavi]:
    """An account whose jobs take a minute, and of which nobody asks at its end how its client did."""
    opened = open_casavi(backend, CasaviConfig(progress="time", job_seconds=60), Marks(progress="time"))
    yield opened.casavi
    opened.close()


class Hand(Protocol):
    """A way in which a test steers."""

    def queue(self, verb: str) -> None: ...
    def advance(self, **step: float) -> None: ...
    def read(self, job_id: str) -> None: ...
    def violations(self) -> list[str]: ...


class OverHttp:
    """Requests to the control plane."""

    def __init__(self, casavi: Casavi) -> None:
        self._url, self._headers = f"{casavi.url}/_mock", {"X-Mock-Key": casavi.key}

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        answer = httpx.request(method, self._url + path, headers=self._headers, json=body or None, trust_env=False)
        return answer.raise_for_status().json()

    def queue(self, verb: str) -> None:
        self._ask("POST", f"/queue/{verb}")

    def advance(self, **step: float) -> None:
        self._ask("POST", "/clock/advance", **step)

    def read(self, job_id: str) -> None:
        self._ask("GET", f"/jobs/{job_id}")

    def violations(self) -> list[str]:
        return [each["rule"] for each in self._ask("GET", "/violations")["violations"]]


class ByCommand:
    """Verbs of `casavi-mock control`."""

    def __init__(self, casavi: Casavi) -> None:
        self._where = ("--url", casavi.url, "--account", casavi.key)

    def _run(self, *arguments: str) -> str:
        result = CliRunner().invoke(cli, ["control", *arguments, *self._where])
        assert result.exit_code == 0 or arguments[0] == "violations", result.output
        return result.stdout

    def queue(self, verb: str) -> None:
        self._run(verb)

    def advance(self, **step: float) -> None:
        self._run("clock", "advance", *(f"--{name}={value}" for name, value in step.items()))

    def read(self, job_id: str) -> None:
        self._run("jobs", job_id)

    def violations(self) -> list[str]:
        return [each["rule"] for each in json.loads(self._run("violations", "--json"))["violations"]]


class ByPlugin:
    """The fixture `casavi`."""

    def __init__(self, casavi: Casavi) -> None:
        self._casavi = casavi

    def queue(self, verb: str) -> None:
        getattr(self._casavi.queue, verb)()

    def advance(self, **step: float) -> None:
        self._casavi.clock.advance(**step)

    def read(self, job_id: str) -> None:
        assert self._casavi.jobs[job_id].status

    def violations(self) -> list[str]:
        return [violation.rule for violation in self._casavi.violations]


HANDS = (OverHttp, ByCommand, ByPlugin)


class Client:
    """A client under test; it does only what it is told."""

    def __init__(self, casavi: Casavi, http: httpx.Client) -> None:
        self._credentials = {"key": casavi.key, "secret": casavi.secret}
        self._http = http

    def log_in(self) -> None:
        answer = self._http.post("/authenticate", json=self._credentials)
        self._http.headers["token"] = answer.raise_for_status().json()["token"]

    def send(self) -> str:
        return str(self._http.post("/import", json=CONTACT).raise_for_status().json()["jobId"])

    def poll(self, job_id: str) -> None:
        self._http.get(f"/jobs/{job_id}").raise_for_status()

    def contacts(self) -> int:
        return self._http.get("/contacts").status_code


@pytest.fixture
def client(casavi: Casavi) -> Iterator[Client]:
    with httpx.Client(base_url=casavi.url, trust_env=False, verify=False) as http:
        client = Client(casavi, http)
        client.log_in()
        yield client


Story = Callable[[Client, Hand], None]


def polls_after_a_drain(client: Client, hand: Hand) -> None:
    job = client.send()
    client.poll(job)
    hand.queue("drain")
    client.poll(job)


def polls_twice_before_a_drain(client: Client, hand: Hand) -> None:
    job = client.send()
    client.poll(job)
    client.poll(job)
    hand.queue("drain")
    client.poll(job)


def polls_after_the_clock_moved_a_little(client: Client, hand: Hand) -> None:
    job = client.send()
    client.poll(job)
    hand.advance(seconds=0.001)
    client.poll(job)
    hand.advance(minutes=2)
    client.poll(job)


def leaves_a_job_to_the_test(client: Client, hand: Hand) -> None:
    job = client.send()
    hand.queue("drain")
    hand.read(job)


def leaves_a_job_to_nobody(client: Client, hand: Hand) -> None:
    client.send()
    hand.queue("drain")


def polls_a_job_without_an_end(client: Client, hand: Hand) -> None:
    hand.queue("hold")
    client.poll(client.send())


def leaves_a_job_that_ended_after_its_poll(client: Client, hand: Hand) -> None:
    client.poll(client.send())
    hand.advance(minutes=2)


def logs_in_again_when_the_test_ends_its_token(client: Client, hand: Hand) -> None:
    hand.advance(**MONTH)
    assert client.contacts() == 401
    client.log_in()
    assert client.contacts() == 200


def goes_on_with_a_token_that_the_test_ended(client: Client, hand: Hand) -> None:
    hand.advance(**MONTH)
    assert client.contacts() == 401


STORIES: dict[Story, list[str]] = {
    polls_after_a_drain: [],
    polls_twice_before_a_drain: ["polls-too-fast"],
    polls_after_the_clock_moved_a_little: ["polls-too-fast"],
    leaves_a_job_to_the_test: [],
    leaves_a_job_to_nobody: ["job-never-read-to-its-end"],
    polls_a_job_without_an_end: [],
    leaves_a_job_that_ended_after_its_poll: ["job-never-read-to-its-end"],
    logs_in_again_when_the_test_ends_its_token: [],
    goes_on_with_a_token_that_the_test_ended: ["refresh-never-or-too-late"],
}
"""What a client did while a test steered, and which rules it broke by that."""


@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: hand.__name__)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_all_agree_whoever_steers(casavi: Casavi, client: Client, story: Story, hand: Callable[[Casavi], Hand]) -> None:
    story(client, hand(casavi))
    assert {each.__name__: each(casavi).violations() for each in HANDS} == dict.fromkeys(
        (each.__name__ for each in HANDS), STORIES[story]
    )


def test_looking_at_violations_changes_none(casavi: Casavi, client: Client) -> None:
    polls_twice_before_a_drain(client, ByPlugin(casavi))
    assert [ByPlugin(casavi).violations() for _ in range(3)] == [["polls-too-fast"]] * 3
