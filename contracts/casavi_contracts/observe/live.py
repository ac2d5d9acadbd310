"""A run of the suite as evidence: the results of its checks, and what its exchanges say by their form."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

from casavi_contracts import spec
from casavi_contracts.http.exchange import Answer, Exchange
from casavi_contracts.observe import output, seen, seen_jobs, seen_lists
from casavi_contracts.observe.calibration import Calibration, begin, by_overlay, settle_overlay
from casavi_contracts.observe.calls import Reader, Traffic, in_time
from casavi_contracts.observe.har import Recorded
from casavi_contracts.observe.roles import IMPORT
from casavi_contracts.observe.sights import OBSERVED, REFUTED, UNSEEN, Sight, settle
from casavi_contracts.observe.wanted import of_traffic

MAX_EXCHANGES = 20_000
MAX_BYTES = 100_000_000
"""Bodies that are kept of a run, together; what comes later says nothing."""

_SOURCE = "check"
_UNSURE = frozenset({"refresh-needs-token-header", "request-id", "unauthorized-status", "token-lifetime-days"})
"""What requests that are wrong on purpose, or a clock that is moved, could make look otherwise."""


class Judged(Protocol):
    """What came of one check, as the suite has it."""

    @property
    def name(self) -> str:
        """Of the check."""

    @property
    def assumption(self) -> str | None:
        """The guess that it rests on."""

    @property
    def passed(self) -> bool:
        """Whether it holds."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines of a profile with which the mock behaves as was found."""


@dataclass(slots=True)
class LiveCalls:
    """What passes between the suite and a server."""

    exchanges: list[Recorded] = field(default_factory=list)
    _bytes: int = 0

    def see(self, exchange: Exchange, sent: bytes, answer: Answer | None) -> None:
        """Keeps an exchange, if there is room; of its headers what may be shown."""
        size = len(sent) + (len(answer.body) if answer else 0)
        if answer is None or len(self.exchanges) >= MAX_EXCHANGES or self._bytes + size > MAX_BYTES:
            return
        self._bytes += size
        path, _, query = exchange.path.partition("?")
        self.exchanges.append(
            Recorded(
                number=exchange.number,
                started=datetime.now(UTC) - timedelta(seconds=exchange.seconds),
                took_ms=exchange.seconds * 1_000,
                method=exchange.method,
                host="",
                path=path,
                query=tuple(parse_qsl(query, keep_blank_values=True)),
                request_headers=tuple((name.lower(), value) for name, value in exchange.request_headers.items()),
                request_body=sent,
                request_whole=True,
                status=answer.status,
                response_headers=tuple(answer.headers.items()),
                response_body=answer.body,
                response_whole=True,
            )
        )


def calibration_of(
    calls: LiveCalls, judged: Iterable[Judged], profile: Mapping[str, Any], started: datetime
) -> Calibration:
    """Returns what a run says about every assumption.

    Args:
        calls: What passed.
        judged: What came of each check.
        profile: By which the run was judged: `assumptions`, and if there are, `overlay` and `evidence`.
        started: When it began.
    """
    register = spec.assumptions(spec.load_document())
    result, words = begin(profile["assumptions"], profile.get("overlay"), profile.get("evidence"))
    result.sources.append(_SOURCE)
    traffic = Traffic()
    Reader(traffic).take(calls.exchanges, _SOURCE)
    in_time(traffic)
    jobs = seen_jobs.jobs_of(traffic)
    result.durations = seen_jobs.durations(jobs)
    # Where no import goes well, checks fail for want of it, and not for the guess that they are about.
    able = any(call.good for call in traffic.by_role(IMPORT))
    by_checks = [*_of_checks(judged, result.ours, started)] if able else []
    surely = {sight.name for sight in by_checks}
    forms = [*seen.sights(traffic), *seen_lists.forms(traffic, words), *seen_jobs.sights(traffic, jobs, words)]
    more = [sight for sight in forms if sight.name not in surely | _UNSURE]
    result.findings = settle(register, result.ours, by_overlay([*by_checks, *more], words, result.ours))
    wanted = of_traffic(traffic, jobs, seen_jobs.states_seen(jobs), words)
    result.parts, result.notes = wanted.parts, [*wanted.notes]
    settle_overlay(result)
    return result


def write(found: Calibration, folder: Path) -> str:
    """Writes what a run says into a folder, and returns a sentence about it.

    Raises:
        casavi_contracts.observe.output.UnwritableError: That cannot be done.
    """
    judged = len(found.findings) - len(found.by_verdict(UNSEEN))
    if judged == 0:
        return f"nothing was seen that speaks about a guess, so nothing was written to {folder}"
    paths = output.write_folder(found, folder, force=False)
    return f"{judged} guesses were judged, {len(found.by_verdict(REFUTED))} of them refuted; written to {paths[0]}"


def _of_checks(judged: Iterable[Judged], ours: Mapping[str, Any], started: datetime) -> Iterator[Sight]:
    """Yields what checks have found: a value where one is refuted, and ours where all that rest on it hold."""
    known = [*judged]
    refuted: set[str] = set()
    for each in known:
        for line in each.lines:
            for name, value in tomllib.loads(line).items():
                refuted.add(name)
                yield Sight(name, value, f"check {each.name}", _SOURCE, OBSERVED, started)
    for each in known:
        if each.passed and each.assumption is not None and each.assumption not in refuted:
            yield Sight(each.assumption, ours[each.assumption], f"check {each.name}", _SOURCE, OBSERVED, started)
