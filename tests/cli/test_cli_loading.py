"""The verbs `control load` and `control token` against a server."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
from click.testing import Result

from casavi_fixtures import portfolio_bytes
from tests.support.server import Live


def test_load_and_token(serve: Callable[..., Live], run: Callable[..., Result], tmp_path: Path) -> None:
    url = serve().url
    loaded = run("control", "load", "-", "--url", url, stdin=portfolio_bytes("small-house"))
    assert (loaded.exit_code, "6 units" in loaded.output) == (0, True)
    (tmp_path / "more.json").write_text(json.dumps({"contacts": [{"id": "new"}]}))
    more = run("control", "load", str(tmp_path / "more.json"), "--url", url)
    assert (more.exit_code, "6 units" in more.output) == (0, True)
    token = run("control", "token", "--url", url).stdout.strip()
    assert httpx.get(f"{url}/contacts/new", headers={"token": token}, timeout=60).json()["id"] == "new"
    listed = run("control", "requests", "--url", url, "--json").stdout
    assert json.loads(listed)["count"] == 1
    assert token not in listed


def test_what_cannot_be_loaded_is_told(serve: Callable[..., Live], run: Callable[..., Result]) -> None:
    url = serve().url
    bad = run("control", "load", "-", "--url", url, stdin=b'{"contacts": [{"id": "1"}, {"id": "1"}]}')
    assert bad.exit_code == 2
    assert "Nothing was imported" in bad.output
