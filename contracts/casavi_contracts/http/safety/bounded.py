"""A bound on every answer: so many seconds, so many bytes, however slowly or endlessly it comes."""

import queue
import threading

import httpx

from casavi_contracts.http.target.asgi import MAX_BYTES, check_decoded

GRACE = 0.5
"""Seconds beyond the time limit; so the client's own time limits strike first, and say more."""


class Bounded(httpx.BaseTransport):
    """Sends requests through another client, each in a thread of its own that is left behind when time is over.

    The client's time limits are for each piece of an answer. A server that sends a byte now and then, or a name that is
    looked up for ever, keeps to them; here it does not.

    Args:
        client: Sends the requests. It knows about proxies and certificates from the environment.
        seconds: For an answer, from its first byte asked to its last byte read.
    """

    def __init__(self, client: httpx.Client, seconds: float) -> None:
        self._client = client
        self._seconds = seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Returns the answer, whole.

        Raises:
            httpx.HTTPError: It did not come, or not in time, or was too long.
        """
        came: queue.SimpleQueue[httpx.Response | Exception] = queue.SimpleQueue()
        threading.Thread(target=self._send, args=(request, came), daemon=True).start()
        try:
            answer = came.get(timeout=self._seconds + GRACE)
        except queue.Empty:
            raise httpx.ReadTimeout("no whole answer in time", request=request) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Lets the connections go."""
        self._client.close()

    def _send(self, request: httpx.Request, came: "queue.SimpleQueue[httpx.Response | Exception]") -> None:
        try:
            came.put(self._answer(request))
        except Exception as error:  # noqa: BLE001  # whatever it is, the thread that waits is to have it
            came.put(error)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        response = self._client.send(request, stream=True, follow_redirects=False)
        body = bytearray()
        try:
            for piece in response.iter_raw():
                body += piece
                if len(body) > MAX_BYTES:
                    raise httpx.ReadError(f"an answer of more than {MAX_BYTES:,} bytes", request=request)
        finally:
            response.close()
        check_decoded(request, response, bytes(body), MAX_BYTES)
        return httpx.Response(
            response.status_code,
            headers=response.headers.raw,
            stream=httpx.ByteStream(bytes(body)),
            extensions={"reason_phrase": response.reason_phrase.encode(errors="replace")},
        )
