"""From bytes to requests, where HTTP asks for more than uvicorn and its parser do.

What is refused here is no exchange yet: it is counted at the door and is in no journal. The names of uvicorn that this
relies on stand in `protocol.py`.
"""

import re
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from casavi_mock.errors import Refused
from casavi_mock.server.door import Door

BLANKS = b" \t"
"""What may stand around the value of a header, and is no part of it (RFC 9110, 5.5)."""

_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(:\d*)?", re.ASCII)
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)(.*)", re.DOTALL)
_NOTED = frozenset({b"host", b"expect", b"transfer-encoding"})
_VERSIONS = ("1.1", "1.0")

_REASONS = {
    "Invalid method encountered": "The request line begins with no method that HTTP knows. Is it HTTPS that was sent?",
    "Invalid char in url path": "The path holds a blank or a character beyond ASCII. Percent-encode it: ü is %C3%BC.",
    "Invalid char in url query": "The query holds a blank or a character beyond ASCII. Percent-encode it: ü is %C3%BC.",
    "Expected HTTP/, RTSP/ or ICE/": "No version of HTTP follows the path. Is there a blank in it? Encode it as %20.",
    "Expected HTTP/": "No version of HTTP follows the path. Is there a blank in it? Encode it as %20.",
    "Pause on PRI/Upgrade": "HTTP/2 without TLS was begun unasked. This server speaks HTTP/1.1.",
}
"""What is said in place of some of the parser's own reasons."""


class WireProtocol(HttpToolsProtocol):
    """uvicorn's protocol for one connection, which ignores offered upgrades and refuses by rule what is unsound.

    Args:
        arguments: As for uvicorn's own.
        door: Makes and counts the refusals.
        others: As for uvicorn's own.
    """

    def __init__(self, *arguments: Any, door: Door, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self._door = door
        self._own_app = self.app
        self._noted: list[tuple[bytes, bytes]] = []
        self._in_headers = False
        self._offered = False
        self._sent: list[tuple[bytes, bytes]] | None = None
        """Headers of a request that came with an offer, while it is parsed again without."""
        self._deaf = False
        """Whether nothing that still comes is read: the connection ends, or nobody can tell where a request begins."""

    def data_received(self, data: bytes) -> None:
        """Parses what came."""
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        self._parse(data)

    def refuse(self, refusal: Refused) -> None:
        """Ends the connection because of what came.

        Args:
            refusal: Why.
        """
        raise NotImplementedError

    def defect(self) -> Refused | None:
        """Returns why the request is refused whose headers are complete; None if nothing is wrong with them."""
        version = self.parser.get_http_version()
        hosts, codings, expected = (
            [value for name, value in self._noted if name == kind]
            for kind in (b"host", b"transfer-encoding", b"expect")
        )
        if version not in _VERSIONS:
            return self._door.malformed("Only HTTP/1.1 and HTTP/1.0 are spoken here, and the version has to be said.")
        if len(hosts) > 1 or (not hosts and version == "1.1"):
            return self._door.malformed(f"Send one header Host; there are {len(hosts)}.")
        if hosts and not _HOST.fullmatch(hosts[0]):
            return self._door.malformed("The header Host holds no name of a host.")
        if codings and not _members(codings):
            return self._door.malformed("The header Transfer-Encoding names no coding.")
        if len(_members(codings)) > 1:
            return self._door.unknown_coding()
        if expected and version == "1.1":
            if any(member != b"100-continue" for member in _members(expected)):
                return self._door.unknown_expectation()
            self.expect_100_continue = True
        return None

    # The parser calls these.

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._noted.clear()
        self._in_headers = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header is there; what comes like one behind a body is none."""
        if not self._in_headers:
            return
        name, value = name.lower(), value.strip(BLANKS)
        self.headers.append((name, value))
        if name in _NOTED:
            self._noted.append((name, value))

    def on_headers_complete(self) -> None:
        """The headers of a request are there."""
        self._in_headers = False
        connect = self.parser.get_method() == b"CONNECT"
        if self.parser.should_upgrade() and not connect:
            self._offered = True  # the parser takes whatever follows for another protocol
            return
        if self._sent is not None:
            self.headers[:], self._sent = self._sent, None
        self._read_target(connect=connect)
        no_proxy = "CONNECT asks for a tunnel, and this is no proxy."
        refusal = self._door.malformed(no_proxy) if connect else self.defect()
        if refusal is not None:
            self.url = b"/"  # uvicorn reads it, and it may be what is wrong
        self.app = self._door.refusing(refusal) if refusal else self._own_app
        super().on_headers_complete()
        self.app = self._own_app
        self._deaf = refusal is not None  # the connection ends with the answer
        if not self.parser.should_keep_alive():  # older versions of uvicorn do not ask
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """A request is complete."""
        if not self._offered:
            super().on_message_complete()

    # uvicorn calls this.

    def _should_upgrade(self) -> bool:
        return False

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as stopped:
            if self._offered:
                self._parse_without_offer(data[stopped.args[0] :])
            else:
                self._deaf = True
        except httptools.HttpParserError as error:
            if not self._deaf:
                self._deaf = True
                self.refuse(self._door.malformed(_reason(error)))

    def _parse_without_offer(self, rest: bytes) -> None:
        """Parses a request again as if it offered no other protocol: who does not want one ignores it (RFC 9110, 7.8).

        The parser would skip its body.

        Args:
            rest: What came behind its headers.
        """
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/", self.parser.get_http_version().encode(), b"\r\n"]
        for name, value in self.headers:
            if name != b"upgrade":
                kept = value
                if name == b"connection":
                    kept = b", ".join(member for member in _members([value]) if member != b"upgrade")
                head += [name, b": ", kept, b"\r\n"]
        self._offered, self._sent = False, self.headers
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._parse(b"".join((*head, b"\r\n")))
        if not self.transport.is_closing():
            self._parse(rest)

    def _read_target(self, *, connect: bool) -> None:
        """Takes the host of a request line that names one, which counts before the header (RFC 9112, 3.2.2)."""
        if connect:
            self.url = b"/"
        elif match := _ABSOLUTE.fullmatch(self.url):
            host, rest = match.groups()
            self.url = rest if rest.startswith(b"/") else b"/" + rest
            self.headers[:] = [(name, host if name == b"host" else value) for name, value in self.headers]
            self._noted[:] = [(name, host if name == b"host" else value) for name, value in self._noted]


def _members(values: list[bytes]) -> list[bytes]:
    """Returns the members of a header that is a list, in lower case."""
    return [member for one in b",".join(values).split(b",") if (member := one.strip(BLANKS).lower())]


def _reason(error: httptools.HttpParserError) -> str:
    """Returns what is wrong with bytes that the parser refused; they are not quoted."""
    if isinstance(error, httptools.HttpParserCallbackError):
        return "The address of the request cannot be read."
    reason = str(error)
    return _REASONS.get(reason, f"It cannot be parsed: {reason}.")
