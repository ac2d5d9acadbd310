"""The control plane of a mock, as far as checks need it: accounts of their own, and time."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from casavi_contracts.failures import CouldNotRun

PREFIX = "/_mock"


class ControlPlane:
    """Steers a casavi-mock over HTTP. What it sends is not part of the run's journal.

    Args:
        http: A client whose base address is the server's.
        token: The control token, if the server wants one.
    """

    def __init__(self, http: httpx.Client, token: str | None = None) -> None:
        self._http = http
        self._headers = {"X-Mock-Token": token} if token else {}

    @classmethod
    def find(cls, http: httpx.Client, token: str | None = None) -> "ControlPlane | None":
        """Returns the control plane of a mock that lets itself be steered, None if the server has none.

        Raises:
            httpx.HTTPError: There is no server at the address.
        """
        plane = cls(http, token)
        answer = http.get(f"{PREFIX}/version", headers=plane._headers)
        return plane if answer.status_code == httpx.codes.OK and _says(answer, "contract") else None

    def create_account(self) -> tuple[str, str]:
        """Opens an account and returns its key and secret."""
        made = self._post(None, "accounts")
        return made["key"], made["secret"]

    def delete_account(self, key: str) -> None:
        """Closes an account."""
        self._ask("DELETE", None, f"accounts/{quote(key, safe='')}")

    def freeze(self, key: str, at: str | None = None) -> None:
        """Stops the time of an account, now or at a later moment (RFC 3339)."""
        self._post(key, "clock/freeze", None if at is None else {"at": at})

    def unfreeze(self, key: str) -> None:
        """Lets the time of an account go on."""
        self._post(key, "clock/unfreeze")

    def advance(self, key: str, seconds: float) -> None:
        """Moves the time of an account forward; what is due by then has happened afterwards."""
        self._post(key, "clock/advance", {"seconds": seconds})

    def now(self, key: str) -> str:
        """Returns the time of an account."""
        return str(self._ask("GET", key, "clock")["now"])

    def moves_by_looks(self, key: str) -> bool:
        """Whether the jobs of an account move on by being looked at, and not by time."""
        return bool(self._ask("GET", key, "queue")["progress"] == "manual")

    def _post(self, key: str | None, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._ask("POST", key, path, body)

    def _ask(self, method: str, key: str | None, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {**self._headers, **({"X-Mock-Key": key} if key else {})}
        answer = self._http.request(method, f"{PREFIX}/{path}", headers=headers, json=body)
        if not answer.is_success:
            raise CouldNotRun(
                f"the mock's control plane answered {method} /{path.partition('/')[0]} with {answer.status_code}"
            )
        try:
            return json.loads(answer.content) if answer.content else None
        except (ValueError, RecursionError):
            what = f"{method} /{path.partition('/')[0]}"
            raise CouldNotRun(f"the mock's control plane answered {what} with what is no JSON") from None


def _says(answer: httpx.Response, member: str) -> bool:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and member in body
