"""What the fate of tokens says: which are refused after a log-in or a refresh, and what a refresh wants."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from casavi_contracts.observe.calls import Call, Traffic, hidden
from casavi_contracts.observe.roles import AUTHENTICATE, REFRESH
from casavi_contracts.observe.seen import moment_of, sight
from casavi_contracts.observe.sights import Sight

_NEAR = timedelta(minutes=2)
"""So close to its expiry, a refused token may have expired by the vendor's clock."""


@dataclass(slots=True)
class _Token:
    """A token that was given out."""

    account: str
    version: str
    expires: datetime | None
    replaced: Call | None = None
    """The refresh that gave out another one for it."""
    log_ins: list[int] = field(default_factory=lambda: [0])
    """How often somebody has logged in to the account until now; shared by its tokens."""
    number: int = 0
    """How often when it was given out."""

    @property
    def later(self) -> bool:
        """Whether somebody has logged in to the account after it."""
        return self.log_ins[0] > self.number

    def living(self, call: Call) -> bool:
        """Whether it has not expired, by far."""
        return self.expires is None or (call.at is not None and self.expires - call.at > _NEAR)


def sights(traffic: Traffic) -> Iterator[Sight]:
    """Yields what the calls say about tokens. Values of tokens are compared and never shown."""
    found = [*_of_fates(traffic)]
    several = {each.value for each in found if each.name == "several-tokens"} == {"all-valid"}
    for each in found:
        # Where the newest token alone is good, an old one says nothing about refreshes.
        if each.name != "refresh-revokes-old-token" or each.value is False or several:
            yield each
    yield from _of_header(traffic)


def _of_fates(traffic: Traffic) -> Iterator[Sight]:
    tokens: dict[str, _Token] = {}
    log_ins: dict[str, list[int]] = {}
    repeated = _repeated(traffic)
    bare = False
    for call in traffic.calls:
        if call.role == REFRESH:
            yield from _of_expired(call, tokens, bare)
            bare = bare or (call.good and call.header("token") is None)
        token = call.header("token")
        if token is not None and not hidden(token) and token in tokens and token not in repeated:
            yield from _of_use(call, tokens[token])
        if call.role in (AUTHENTICATE, REFRESH) and call.good and isinstance(call.got, dict):
            _take(call, tokens, log_ins)


def name_accounts(traffic: Traffic) -> None:
    """Tells the calls of several accounts apart where their keys and tokens can be read."""
    numbers: dict[str, str] = {}
    holders: dict[str, str] = {}
    for call in traffic.calls:
        key = _key(call)
        token = call.header("token")
        if key is not None:
            call.account = numbers.setdefault(key, f"account {len(numbers) + 1}")
            given = call.given
            if not hidden(given):
                holders[str(given)] = call.account
        elif token is not None:
            call.account = holders.get(token, "")
    if len(numbers) == 1:  # what cannot be told apart is that one
        for call in traffic.calls:
            call.account = next(iter(numbers.values()))


def _key(call: Call) -> str | None:
    if call.role not in (AUTHENTICATE, REFRESH) or not isinstance(call.sent, dict):
        return None
    key = call.sent.get("key", call.sent.get("apiKey"))
    return None if hidden(key) else str(key)


def _repeated(traffic: Traffic) -> set[str]:
    """Returns what was answered as a token more than once: a placeholder, or a token that a refresh leaves as it is."""
    seen: set[str] = set()
    twice: set[str] = set()
    for call in traffic.by_role(AUTHENTICATE, REFRESH):
        given = call.given if call.good else None
        if isinstance(given, str):
            (twice if given in seen else seen).add(given)
    return twice


def _take(call: Call, tokens: dict[str, _Token], log_ins: dict[str, list[int]]) -> None:
    given = call.given
    former = call.sent.get("token") if isinstance(call.sent, dict) and call.role == REFRESH else None
    if isinstance(former, str) and former in tokens and given != former:
        tokens[former].replaced = tokens[former].replaced or call
    counter = log_ins.setdefault(call.account, [0])
    counter[0] += call.role == AUTHENTICATE
    if not hidden(given):
        expires = moment_of(call.expires)
        tokens.setdefault(given, _Token(call.account, call.version, expires, log_ins=counter, number=counter[0]))


def _of_use(call: Call, token: _Token) -> Iterator[Sight]:
    if not token.living(call) or not (call.good or call.refused):
        return
    if call.good and call.version != token.version:
        yield sight(call, "token-across-versions", True)
    if token.replaced is not None and not token.later:
        yield sight(call, "refresh-revokes-old-token", call.refused)
    elif token.replaced is None and token.later:
        yield sight(call, "several-tokens", "newest-only" if call.refused else "all-valid")


def _of_expired(call: Call, tokens: dict[str, _Token], bare: bool) -> Iterator[Sight]:
    """Yields whether an expired token could be refreshed.

    Args:
        call: A refresh.
        tokens: Those that were given out before.
        bare: Whether a refresh without the header went well before, so that a refusal is not for want of it.
    """
    sent = call.sent.get("token") if isinstance(call.sent, dict) else None
    token = tokens.get(sent) if isinstance(sent, str) else None
    if token is None or token.expires is None or call.at is None or token.replaced is not None or token.later:
        return
    if call.at - token.expires > _NEAR:
        if call.good:
            yield sight(call, "refresh-accepts-expired-token", True)
        elif call.refused and bare and call.header("token") is None:
            yield sight(call, "refresh-accepts-expired-token", False)


def _of_header(traffic: Traffic) -> Iterator[Sight]:
    """Yields whether a refresh wants the header, where the recording keeps such headers at all."""
    if not any(call.header("token") is not None for call in traffic.calls):
        return
    calls = traffic.by_role(REFRESH)
    log_ins = [call.order for call in traffic.by_role(AUTHENTICATE)]
    with_header = [call for call in calls if call.header("token") is not None and call.good]
    for call in calls:
        if call.header("token") is not None:
            continue
        if call.good:
            yield sight(call, "refresh-needs-token-header", False)
        elif call.refused and _same_token(call, with_header, log_ins):
            yield sight(call, "refresh-needs-token-header", True)


def _same_token(call: Call, others: list[Call], log_ins: list[int]) -> bool:
    """Whether the token that was refused without the header is one that was taken with it, right afterwards.

    Args:
        call: The refresh that was refused.
        others: Those with the header that went well, in the order of time.
        log_ins: The order of all log-ins.
    """
    place = bisect.bisect_right(others, call.order, key=lambda other: other.order)
    if place == len(others):
        return False
    other = others[place]
    if bisect.bisect(log_ins, call.order) != bisect.bisect(log_ins, other.order):
        return False
    # Tokens that were taken out look alike; nobody has got another one meanwhile.
    return bool(_token_sent(call) == _token_sent(other))


def _token_sent(call: Call) -> Any:
    return call.sent.get("token") if isinstance(call.sent, dict) else None
