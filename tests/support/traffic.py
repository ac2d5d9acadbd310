"""Ordinary traffic with a vendor, recorded: a client that logs in, imports, waits for jobs and reads back."""

import functools
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from casavi_contracts.http.target.asgi import InProcess
from casavi_contracts.observe.calls import TOKEN, member
from casavi_contracts.observe.pages import page_of
from casavi_mock.domain.jobs import Progress
from tests.support.server import GIVEN, Mock

ADDRESS = "https://api.vendor.example"
NEW = {"key": GIVEN[0].key, "secret": GIVEN[0].secret}


def token_in(answer: httpx.Response) -> str:
    """Returns the token in an answer, wherever it stands; empty if there is none."""
    return str(member(answer.json(), TOKEN) or "")


class Recorder:
    """A client whose exchanges become an HTTP archive.

    Args:
        mock: The vendor.
        http: A connection to it.
        seed: Of what differs from exchange to exchange.
        secrets: Whether tokens and credentials stay in the archive.
    """

    def __init__(self, mock: Mock, http: httpx.Client, seed: int, *, secrets: bool = True) -> None:
        self.mock = mock
        self.values = mock.values
        self.entries: list[dict[str, Any]] = []
        self.token = ""
        self._http = http
        self._chance = random.Random(seed)
        self._secrets = secrets

    def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, kind: str = ""
    ) -> httpx.Response:
        """Sends a request and records it; some time passes."""
        self.mock.time.advance(milliseconds=self._chance.randint(20, 90))
        headers = {} if token == "" else {"token": token or self.token}
        headers = {name: value for name, value in {**headers, "content-type": kind}.items() if value}
        began = self.mock.time.now
        answer = self._http.request(method, path, json=body, headers=headers)
        self.entries.append(self._entry(answer, began))
        return answer

    def archive(self) -> dict[str, Any]:
        """Returns the archive."""
        return {"log": {"version": "1.2", "creator": {"name": "a browser", "version": "1"}, "entries": self.entries}}

    def journal(self) -> dict[str, Any]:
        """Returns the archive that the mock itself keeps."""
        whole: dict[str, Any] = self._http.get("/_mock/requests?format=har").json()
        return whole

    def _entry(self, answer: httpx.Response, began: Any) -> dict[str, Any]:
        request = answer.request
        url = ADDRESS + request.url.raw_path.decode()
        made: dict[str, Any] = {
            "startedDateTime": began.isoformat(timespec="milliseconds"),
            "time": 12.5,
            "request": {
                "method": request.method,
                "url": url,
                "httpVersion": "HTTP/1.1",
                "headers": self._headers(request.headers),
                "queryString": [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(url).query)],
                "cookies": [],
                "headersSize": -1,
                "bodySize": len(request.content),
            },
            "response": {
                "status": answer.status_code,
                "statusText": answer.reason_phrase,
                "httpVersion": "HTTP/1.1",
                "headers": self._headers(answer.headers),
                "cookies": [],
                "content": {
                    "size": len(answer.content),
                    "mimeType": answer.headers.get("content-type", ""),
                    "text": self._text(answer.text),
                },
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": len(answer.content),
            },
            "cache": {},
            "timings": {"send": 0, "wait": 12.5, "receive": 0},
        }
        if request.content:
            text = self._text(request.content.decode())
            made["request"]["postData"] = {"mimeType": "application/json", "text": text}
        return made

    def _headers(self, headers: httpx.Headers) -> list[dict[str, str]]:
        return [{"name": name, "value": self._text(value)} for name, value in headers.items()]

    def _text(self, text: str) -> str:
        if self._secrets:
            return text
        for secret in (self.token, NEW["key"], NEW["secret"]):
            text = text.replace(secret, "[redacted]") if secret else text
        return text

    # What a client does.

    def log_in(self, body: Mapping[str, str] = NEW, version: str = "") -> str:
        """Logs in and returns the token."""
        answer = self.ask("POST", f"{version}/authenticate", dict(body), token="")
        self.token = token_in(answer) or self.token
        return self.token

    def send(self, portfolio: Mapping[str, Any], version: str = "") -> str | None:
        """Imports and returns the address of the job; None if the import was refused."""
        answer = self.ask("POST", version + self.values["import-path"], portfolio)
        if not answer.is_success:
            return None
        name: Any = answer.json()
        while isinstance(name, dict):  # wherever it stands, it stands last
            name = [*name.values()][-1]
        return f"{version}/jobs/{name}"

    def bring(self, *portfolios: Mapping[str, Any]) -> None:
        """Imports, and looks at the jobs while they wait, while they work, and when they have ended."""
        jobs = [job for portfolio in portfolios if (job := self.send(portfolio)) is not None]
        for job in jobs:
            self.ask("GET", job)
        for job in jobs:
            self.mock.time.advance(seconds=5.5)
            self.ask("GET", job)

    def contact(self, name: str) -> str:
        """Returns the path of a contact of version 1."""
        return str(self.values["contact-path"]).replace("{id}", name)

    def read_first(self) -> None:
        """Reads all contacts of version 1, page by page, and one beyond."""
        name, number, pages = self.values["page-parameter"], 0, 1
        while number <= pages:
            pages = page_of(self.ask("GET", f"/contacts?{name}={number}").json()).pages or pages
            number += 1

    def read_second(self, name: str, query: str = "") -> None:
        """Reads a list of version 2 by its links."""
        path: str | None = f"/v2/{name}{query}"
        while path:
            answer = self.ask("GET", path)
            link = page_of(answer.json()).next
            parts = urlsplit(link) if link else None
            path = f"{parts.path}?{parts.query}" if parts else None


@contextmanager
def vendor(profile: Mapping[str, Any], seed: int = 0, *, secrets: bool = True, **more: Any) -> Iterator[Recorder]:
    """Yields a client of a vendor with a profile.

    Args:
        profile: Values of assumptions.
        seed: Of what differs from exchange to exchange.
        secrets: Whether tokens and credentials stay in the archive.
        more: Further arguments of `Mock`.
    """
    mock = Mock(dict(profile), Progress(job_seconds=5.0), accounts=1, **more)
    with httpx.Client(transport=InProcess(mock.app), base_url="http://mock") as http:
        yield Recorder(mock, http, seed, secrets=secrets)


def ordinary(client: Recorder) -> None:
    """Does what a client of an ERP does in a month: about 200 exchanges."""
    today = client.mock.time.now.date()
    old = {"apiKey": NEW["key"], "email": "someone@example.com", "password": NEW["secret"]}
    first = client.log_in()
    people = [{"id": f"C-{n}", "firstName": f"Name {n}", "lastName": f"Family {n}", "city": "Bonn"} for n in range(60)]
    client.bring(*({"contacts": people[start : start + 20]} for start in range(0, 60, 20)))
    client.bring({"contacts": [{"id": "C-firm", "companyName": "Firm"}, {"id": "C-bare", "note": "no name"}]})
    units = [
        {
            "id": f"U-{n}",
            "name": f"Flat {n}",
            "contracts": [{"contactId": f"C-{n}", "type": "RENTER", "startDate": "2024-01-01", "endDate": None}],
        }
        for n in range(30)
    ]
    house = {"id": "P-1", "name": "House", "postalCode": "01067", "addresses": [{"street": "A 1", "units": units}]}
    client.bring({"properties": [house]})
    client.bring({"properties": [{"id": "P-2", "name": "Other", "postalCode": 80331}]})
    later = (today + timedelta(days=90)).isoformat()
    moving = {
        "id": "U-40",
        "contracts": [
            {"contactId": "C-1", "type": "RENTER", "startDate": "2023-05-01T10:00:00+02:00"},
            {"contactId": "C-2", "type": "RENTER", "startDate": later},
        ],
    }
    client.bring({"properties": [{"id": "P-1", "addresses": [{"street": "A 1", "units": [moving]}]}]})
    backwards = {
        "id": "U-41",
        "contracts": [{"contactId": "C-1", "startDate": "2024-05-01", "endDate": "2024-01-01"}],
    }
    client.bring({"properties": [{"id": "P-1", "addresses": [{"street": "A 1", "units": [backwards]}]}]})
    role = {"propertyId": "P-1", "contactId": "C-3", "roleName": "Hausmeister", "roleType": "external"}
    client.bring({"responsibilities": [role]})
    client.bring({"responsibilities": [{**role, "propertyId": "P-unknown"}]})
    client.bring({"contacts": [{"id": "C-twice", "lastName": "One"}, {"id": "C-twice", "lastName": "Two"}]})
    client.bring({"contacts": [{"id": "C-odd", "lastName": "Odd", "shoeSize": "42"}]})
    client.ask("GET", "/contacts", token="not-a-token")
    client.ask("GET", "/jobs/nobody-knows-it")
    renewed = _renew(client, first)
    _update(client)
    client.read_first()
    for name in ("contacts", "units", "properties"):
        client.read_second(name)
    client.read_second("units", "?includeInactiveContracts=true")
    client.ask("GET", client.contact("C-1"))
    client.ask("GET", "/v2/properties/P-1")
    client.log_in(version="/v2")
    client.ask("GET", "/v2/contacts", token=renewed)
    client.log_in(old)
    client.log_in(old, version="/v2")
    job = client.send({"contacts": [{"id": "C-1", "lastName": "Other", "title": "Dr."}]}, version="/v2")
    client.ask("GET", job or "/v2/jobs/none")
    client.ask("POST", client.values["import-path"], {"contacts": 1})
    client.ask("POST", client.values["import-path"], {"contacts": []}, kind="text/plain")
    while len(client.entries) < 197:
        client.ask("GET", client.contact(f"C-{len(client.entries) % 60}"))
    client.log_in()
    client.mock.time.advance(days=float(client.values["token-lifetime-days"]) + 1)
    bare = None if client.values["refresh-needs-token-header"] else ""
    client.ask("POST", client.values["refresh-path"], {"apiKey": NEW["key"], "token": client.token}, token=bare)


def _renew(client: Recorder, old: str) -> str:
    body = {"apiKey": NEW["key"], "token": old}
    client.token = old
    answer = client.ask("POST", client.values["refresh-path"], body, token="")
    if not answer.is_success:
        answer = client.ask("POST", client.values["refresh-path"], body)
    client.token = token_in(answer)
    client.ask("GET", "/contacts", token=old)
    return client.token


def _update(client: Recorder) -> None:
    whole = {
        "id": "C-up", "firstName": "Joe", "lastName": "Smith", "email": "joe@example.com", "telephone": "1",
        "city": "Munich", "customFields": {"Email2": "a@example.com", "Area": 1},
    }  # fmt: skip
    client.bring({"contacts": [whole]})
    client.bring({"contacts": [{"id": "C-up", "lastName": "Miller", "city": None, "customFields": {"Area": 2}}]})
    client.ask("GET", client.contact("C-up"))


@functools.cache
def usual() -> str:
    """Returns the archive of ordinary traffic with a vendor that is as we guess, as JSON; made once in a process."""
    with vendor({}) as client:
        ordinary(client)
    return json.dumps(client.archive())
