"""The conversation, for any client of Python that is called: with method, path, headers and body, for status and text."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

URL = os.environ["CASAVI_URL"]
Send = Callable[[str, str, dict[str, str], bytes | None], tuple[int, bytes]]


def converse(send: Send) -> None:
    token = ""

    def ask(expected: int, path: str, body: bytes | None = None) -> Any:
        headers = {"token": token} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        status, text = send("GET" if body is None else "POST", f"{URL}{path}", headers, body)
        assert status == expected, f"{path}: {status} {text!r}"
        return json.loads(text)

    def imported(file: str, end: str) -> None:
        job = ask(202, "/import", Path(file).read_bytes())["jobId"]
        assert any(ask(200, f"/jobs/{job}")["status"] == end for _ in range(20)), "the job does not end"

    token = ask(200, "/authenticate", Path("log-in.json").read_bytes())["token"]
    imported("umlauts.json", "completed")
    for one in Path("ids.txt").read_text(encoding="utf-8").split("\n"):
        assert ask(200, f"/contacts/{quote(one, safe='')}")["id"] == one
    token = ask(200, "/refresh", Path("refresh.json").read_bytes().replace(b"OLD-TOKEN", token.encode()))["token"]
    imported("refused.json", "completed")
    imported("hundred.json", "completed")
