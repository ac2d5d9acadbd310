"""A client of one account: where it follows links to, and what it makes of those that lead nowhere."""

import httpx
import pytest

from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken, CouldNotRun
from casavi_contracts.http.client import Client, leads
from casavi_contracts.http.target import Credentials, Target

HOME = "http://127.0.0.1:4227"


@pytest.mark.parametrize(
    ("address", "where"),
    [
        (f"{HOME}/v2/contacts?page=2", "home"),
        ("http://127.0.0.1:1/v2/contacts", "neighbour"),
        ("http://localhost:4227/v2/contacts", "neighbour"),
        ("https://127.0.0.1:4227/v2/contacts", "neighbour"),
        ("https://api.example/v2/contacts", "astray"),
        ("/v2/contacts?page=2", "astray"),
        ("ftp://127.0.0.1:4227/v2/contacts", "astray"),
        ("http://[", "astray"),
    ],
)
def test_where_an_address_leads(address: str, where: str) -> None:
    assert leads(HOME, address) == where


def client(gone: str) -> tuple[Client, list[httpx.Request]]:
    """Returns a client of a server that does not answer at one host and port, and all that it was asked for."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.netloc.decode() == gone:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json={"token": "a-token-that-is-good"})

    http = httpx.Client(transport=httpx.MockTransport(answer), base_url=HOME)
    return Client(Target(http), Contract("v2"), Credentials("a-key", "a-secret")), asked


def test_a_link_to_a_dead_neighbour_breaks_a_check() -> None:
    reader, _ = client(gone="127.0.0.1:1")
    with pytest.raises(Broken) as broken:
        reader.get("http://127.0.0.1:1/v2/contacts", as_it_is=True)
    assert broken.value.check == "next-link-is-followed-as-it-is"


def test_a_walk_asks_the_target_in_place_of_a_neighbour() -> None:
    reader, asked = client(gone="127.0.0.1:1")
    reader.get("http://127.0.0.1:1/v2/contacts?page=2")
    assert str(asked[-1].url) == f"{HOME}/v2/contacts?page=2"


def test_a_link_to_a_stranger_is_not_followed() -> None:
    reader, asked = client(gone="")
    with pytest.raises(Broken) as broken:
        reader.get("http://strange.example/v2/contacts")
    assert broken.value.check == "next-link-is-followed-as-it-is"
    assert asked == []


def test_a_target_that_is_gone_cannot_be_judged() -> None:
    reader, _ = client(gone="127.0.0.1:4227")
    reader.token = "a-token-that-is-good"
    with pytest.raises(CouldNotRun):
        reader.get(f"{HOME}/v2/contacts")
