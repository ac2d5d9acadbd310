"""The session by which schemathesis asks a bridge. Importing this module imports requests."""

import io
from http import HTTPStatus
from typing import Any

import requests
import urllib3

from casavi_contracts.fuzz.bridge import OF_ONE_CONNECTION, Bridge


class Direct(requests.Session):
    """A session of schemathesis whose requests go to a bridge: no loop, no thread, nothing of the environment.

    Args:
        bridge: Takes the requests.
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.trust_env = False
        adapter = _Adapter(bridge)
        for scheme in ("http://", "https://"):
            self.mount(scheme, adapter)

    def close(self) -> None:
        """Keeps the session for the next request, without cookies."""
        self.cookies.clear()


class _Adapter(requests.adapters.BaseAdapter):
    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._made = requests.adapters.HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        answer = self._bridge.answer(request)
        headers = {name: value for name, value in answer.headers.items() if name not in OF_ONE_CONNECTION}
        raw = urllib3.HTTPResponse(
            io.BytesIO(answer.body), headers, answer.status, reason=_phrase(answer.status), version=11,
            preload_content=False, request_method=request.method,
        )  # fmt: skip
        return self._made.build_response(request, raw)

    def close(self) -> None:
        """Does nothing: there is no connection."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
