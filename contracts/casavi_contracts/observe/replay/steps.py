"""What of a recording is sent again, and what is not and why."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from casavi_contracts.contract import Contract, Operation
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.observe.har import Recorded

REDACTED = re.compile(rb"\[redacted\]|%5Bredacted%5D|\[secret\]", re.IGNORECASE)
"""How recorders write what they have taken out."""

FOREIGN = "foreign host: not the API's"
CONTROL = "unsupported: the control plane of a mock"
PREFLIGHT = "unsupported: a browser asked whether it may ask"
NOT_RECORDED = "body not recorded, or in part"
HIDDEN = "secret redacted"
UNANSWERED = "no answer was recorded"
LOAD = "unsupported: answered by load or a failure (429 or 5xx)"
OTHER_BODY = "unsupported: a compressed body, or one of several parts"

_PREFLIGHT = "access-control-request-method"
_LISTED = 3


_Patterns = list[tuple[str, Operation, re.Pattern[str]]]


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a recording, and what it is."""

    recorded: Recorded
    version: str
    """`v1` or `v2`; of what the contract does not know, the one that its path speaks of."""
    operation: str | None
    """The `operationId`; None if the contract does not know it."""
    path: str = field(repr=False)
    """Encoded, from the root of the API."""
    parameters: Mapping[str, str] = field(repr=False)
    """Of the path, decoded."""
    obstacle: str | None = None
    """Why it cannot be sent again, None if it can."""

    @property
    def title(self) -> str:
        """What it is, without what differs from one to the next."""
        if self.operation is not None:
            return f"{self.version} {self.operation}"
        parts = ("*" if re.search(r"\d|%|^.{25}", part) else part for part in self.path.split("/"))
        return f"{self.recorded.method} {'/'.join(parts)}"[:120]


def steps(
    exchanges: Iterable[Recorded], contracts: Mapping[str, Contract], host: str | None = None
) -> tuple[Step, ...]:
    """Returns what was recorded, request by request, in its order.

    Args:
        exchanges: A recording.
        contracts: By version.
        host: That of the API; None for that to which most requests of the API went.

    Raises:
        CouldNotRun: No request is one of the API.
    """
    exchanges = _in_order(tuple(exchanges))
    operations = Operations(contracts)
    home, prefix = _home(exchanges, operations.patterns, host)
    return tuple(_step(one, home, prefix, operations) for one in exchanges)


def _in_order(exchanges: tuple[Recorded, ...]) -> tuple[Recorded, ...]:
    """Returns exchanges as they began, not as they ended; in the order of the file if one has no moment."""
    moments = {one.number: one.started for one in exchanges if one.started is not None}
    if len(moments) < len(exchanges):
        return exchanges
    return tuple(sorted(exchanges, key=lambda one: moments[one.number]))


class Operations:
    """Finds the operation of the contract that a request is one of.

    Args:
        contracts: By version.
    """

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self.patterns: _Patterns = [
            (version, one, _pattern(one))
            for version, contract in contracts.items()
            for one in contract.operations.values()
        ]

    def find(self, method: str, path: str) -> tuple[str, str | None, dict[str, str]]:
        """Returns version, `operationId` and the parameters of the path, encoded; no operation if there is none.

        Args:
            method: In upper case; a HEAD counts as GET.
            path: Encoded, from the root of the API.
        """
        method = "GET" if method == "HEAD" else method
        for version, one, pattern in self.patterns:
            match = pattern.fullmatch(path) if one.method == method else None
            if match and not match["prefix_"]:
                return version, one.id, {name: text for name, text in match.groupdict().items() if name != "prefix_"}
        return "v2" if path.startswith("/v2/") else "v1", None, {}


def _pattern(operation: Operation) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", operation.path)
    text = "".join(f"(?P<{part}>[^/]+)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
    return re.compile(f"(?P<prefix_>(?:/[^/]+)*?){text}/?")


def _home(exchanges: tuple[Recorded, ...], patterns: _Patterns, host: str | None) -> tuple[str, str]:
    """Returns the host of the API, and what stands before its paths."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in exchanges:
        if host is not None and one.host != host.lower():
            continue
        method = "GET" if one.method == "HEAD" else one.method
        found = {
            match["prefix_"]
            for _, operation, pattern in patterns
            if operation.method == method and (match := pattern.fullmatch(one.path))
        }
        counts.update((one.host, prefix) for prefix in found if "/_mock" not in one.path)
    if not counts:
        hosts = sorted({one.host or "(none)" for one in exchanges})
        shown = ", ".join(hosts[:_LISTED]) + (", …" if len(hosts) > _LISTED else "")
        what = f" of {host}" if host else ""
        raise CouldNotRun(f"no request{what} in the recording is one of the API (hosts: {shown or 'none'})")
    return min(counts, key=lambda place: (-counts[place], len(place[1]), place))


def _step(recorded: Recorded, home: str, prefix: str, operations: Operations) -> Step:
    path = recorded.path.removeprefix(prefix)
    inside = recorded.host == home and recorded.path.startswith(f"{prefix}/")
    version, operation, encoded = operations.find(recorded.method, path if inside else "")
    parameters = {name: unquote(text) for name, text in encoded.items()}
    obstacle = _obstacle(recorded, path, operation) if inside else FOREIGN
    return Step(recorded, version, operation, path, parameters, obstacle)


def _obstacle(recorded: Recorded, path: str, operation: str | None) -> str | None:
    if path.startswith("/_mock"):
        return CONTROL
    if recorded.method == "OPTIONS" and _PREFLIGHT in dict(recorded.request_headers):
        return PREFLIGHT
    if not recorded.status:
        return UNANSWERED
    if recorded.status == 429 or recorded.status >= 500:
        return LOAD
    if operation == "authenticate" and recorded.status < 300 and not recorded.request_body:
        return None  # what was sent is known all the same
    if not recorded.request_whole or recorded.request_body is None:
        return NOT_RECORDED
    sent = dict(recorded.request_headers)
    packed = recorded.status >= 400 and sent.get("content-encoding", "identity") != "identity"
    if packed or "multipart/" in sent.get("content-type", ""):
        return OTHER_BODY
    return HIDDEN if _is_hidden(recorded, path, operation) else None


def _is_hidden(recorded: Recorded, path: str, operation: str | None) -> bool:
    """Whether a recorder has taken something out of a request without which it is another one."""
    places = [path.encode(), *(f"{name}={value}".encode() for name, value in recorded.query)]
    login = operation in ("authenticate", "refreshToken")
    if not login or (recorded.status >= 400 and recorded.status not in (401, 403)):  # then it matters what was wrong
        places.append(recorded.request_body or b"")
    return any(REDACTED.search(place) for place in places)
