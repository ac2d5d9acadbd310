"""Paths are found in the table as connexion would find them."""

from typing import Any

import pytest

from casavi_mock.web.vendor import _Routes
from tests.support.client import Client

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
    exchange = (client.mock.registry.strangers.last, client.world.journal.last)
    found = max((each for each in exchange if each), key=lambda each: each.request_id)
    told = (found.operation, found.status, found.path, found.job_id)
    return (*told, response.headers.get("allow"), response.text.replace(found.request_id, ""))


@pytest.mark.parametrize("path", PATHS)
async def test_table_and_router_agree(client: Client, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await client.log_in()
    by_table = [await seen(client, method, path) for method in METHODS]
    monkeypatch.setattr(_Routes, "find", lambda *args: None)
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
                assert operation._name == item[method]["operationId"]
                assert list(parameters) == [part[1:-1] for part in path.split("/") if part[:1] == "{"]


def table(*paths: str, **types: str) -> _Routes:
    routes = _Routes()
    for path in paths:
        names = {part[1:-1]: types.get(part[1:-1], "string") for part in path.split("/") if "{" in part}
        routes.add("GET", path, path, names)  # type: ignore[arg-type]  # any object is kept
    routes.settle()
    return routes


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
        (["/a/{n}"], "/a/1"),
    ],
)
def test_what_several_paths_could_mean_is_left_to_the_router(paths: list[str], path: str) -> None:
    assert table(*paths, n="integer").find("GET", path) is None


def test_what_one_path_alone_can_mean_is_found() -> None:
    routes = table("/a", "/a/{x}", "/b/c", "/b/c/{y}/d")
    assert routes.find("GET", "/a") == ("/a", {})
    assert routes.find("GET", "/a/z") == ("/a/{x}", {"x": "z"})
    assert routes.find("GET", "/b/c") == ("/b/c", {})
    assert routes.find("POST", "/a") is None
