"""Paths are found in the table as connexion would find them, and connexion is loaded when the table does not do."""

import asyncio
import subprocess
import sys
import threading
import warnings
from typing import Any

import pytest

from casavi_mock.vendor.once import Once
from casavi_mock.vendor.routes import Routes
from tests.support.client import Client, Mock

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
PATHS = (
    "/authenticate",
    "/authenticate/",
    "//authenticate",
    "/authenticate/x",
    "/Authenticate",
    "/authenticat%65",
    "/import",
    "/jobs",
    "/jobs/",
    "/jobs/x",
    "/jobs/x/",
    "/jobs/x/y",
    "/jobs/x%2Fy",
    "/jobs/%0A",
    "/jobs/{jobId}",
    "/jobs//x",
    "/contacts",
    "/contacts/x",
    "/v2",
    "/v2/",
    "/v2/contacts",
    "/v2/contacts/x",
    "/v2/jobs/x",
    "/v2/properties/x",
    "/v2/properties/x/units",
    "/v2/authenticate",
    "/",
    "/x",
    "*",
)


async def seen(client: Client, method: str, path: str) -> tuple[Any, ...]:
    headers = {"token": client.token}
    response = await client.connection.request(method, path, headers=headers)
    exchange = (client.mock.registry.strangers.last, client.account.journal.last)
    found = max((each for each in exchange if each), key=lambda each: each.request_id)
    told = (found.operation, found.status, found.path, found.job_id)
    return (*told, response.headers.get("allow"), response.text.replace(found.request_id, ""))


@pytest.mark.parametrize("path", PATHS)
async def test_table_and_router_agree(client: Client, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await client.log_in()
    by_table = [await seen(client, method, path) for method in METHODS]
    monkeypatch.setattr(Routes, "find", lambda *args: None)
    assert [await seen(client, method, path) for method in METHODS] == by_table


async def test_operations_of_the_contract_are_in_the_table(client: Client) -> None:
    """Otherwise nobody would notice that they take the long way."""
    find = client.mock.app._vendor._routes.find
    for base_path, document in client.mock.settings.documents.items():
        for path, item in document["paths"].items():
            for method in {"get", "post"} & set(item):
                found = find(method.upper(), base_path + path.replace("{", "").replace("}", ""))
                assert found is not None, path
                operation, parameters = found
                assert operation.name == item[method]["operationId"]
                assert list(parameters) == [part[1:-1] for part in path.split("/") if part[:1] == "{"]


def table(*paths: str) -> Routes:
    return Routes({("GET", path): path for path in paths})  # type: ignore[misc]  # any object is kept


@pytest.mark.parametrize(
    ("paths", "path"),
    [
        (["/a/b", "/a/{x}"], "/a/b"),
        (["/a/b", "/a/{x}"], "/a/c"),
        (["/a", "/{x}"], "/a"),
        (["/a", "/{x}"], "/b"),
        (["/a/b", "/{x}/b"], "/a/b"),
        (["/a/{x}", "/{y}/b"], "/a/b"),
        (["/a/x{x}"], "/a/xb"),
    ],
)
def test_what_several_paths_could_mean_is_left_to_the_router(paths: list[str], path: str) -> None:
    assert table(*paths).find("GET", path) is None


def test_what_one_path_alone_can_mean_is_found() -> None:
    routes = table("/a", "/a/{x}", "/b/c", "/b/c/{y}/d")
    assert routes.find("GET", "/a") == ("/a", {})
    assert routes.find("GET", "/a/z") == ("/a/{x}", {"x": "z"})
    assert routes.find("GET", "/b/c") == ("/b/c", {})
    assert routes.find("POST", "/a") is None


def test_parameters_of_paths_are_any_text(client: Client) -> None:
    """Or the table would find what connexion refuses."""
    for document in client.mock.settings.documents.values():
        for item in document["paths"].values():
            for operation in item.values():
                parameters = [each for each in operation.get("parameters", ()) if each.get("in") == "path"]
                assert [each["schema"] for each in parameters] == [{"type": "string"}] * len(parameters)


USE = """
import asyncio, sys
from casavi_fixtures import contact
from tests.support.client import Mock

async def use():
    mock = Mock()
    async with mock.client() as client:
        client.account = mock.account()
        job_id = (await client.send({"contacts": [contact()]})).json()["jobId"]
        await client.job(job_id)
        await client.request("GET", "/jobs/unknown", headers={"token": "unknown"})
        print("connexion" in sys.modules)
        print((await client.request("GET", "/unknown")).status_code, "connexion" in sys.modules)

asyncio.run(use())
"""


def test_connexion_is_loaded_when_it_is_needed() -> None:
    """A server starts in half the time without it."""
    used = subprocess.run([sys.executable, "-W", "error", "-c", USE], capture_output=True, text=True, check=True)
    assert used.stdout.splitlines() == ["False", "404 True"]


async def test_first_requests_that_need_it_wait_for_the_same() -> None:
    mock = Mock()
    async with mock.client() as client:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answers = await asyncio.gather(*(client.request("GET", "/unknown") for _ in range(5)))
            filters = list(warnings.filters)
        assert [answer.status_code for answer in answers] == [404] * 5
        assert filters[0][0] == "error"


async def test_what_could_not_be_made_is_tried_again() -> None:
    results = iter([OSError("no"), "made"])

    def make() -> str:
        result = next(results)
        if isinstance(result, OSError):
            raise result
        return result

    once = Once(make, "maker")
    with pytest.raises(OSError, match="no"):
        await once.get()
    assert [await once.get(), await once.get()] == ["made", "made"]


async def test_all_who_ask_wait_for_one_thread() -> None:
    """However many ask at the same moment, and also if one of them gives up."""
    go, made = threading.Event(), []

    def make() -> str:
        go.wait(10)
        made.append(threading.current_thread().name)
        return "made"

    once = Once(make, "maker")
    asking = [asyncio.ensure_future(once.get()) for _ in range(100)]
    await asyncio.sleep(0)
    assert len([thread for thread in threading.enumerate() if thread.name.startswith("maker")]) == 1
    asking.pop().cancel()
    await asyncio.sleep(0)
    go.set()
    assert set(await asyncio.gather(*asking)) == {"made"}
    assert len(made) == 1
