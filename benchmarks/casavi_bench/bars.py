"""The bars: what the mock wants to be measured by, and how each is judged."""

from dataclasses import dataclass

from casavi_bench.kinds import FIXTURE, OURS
from casavi_bench.measurement import Measurements
from casavi_bench.verdict import Finding, Judge, Key, every, first_known, ratio_at_most, value_at_most

TITLES = {"log-in": "log-in", "job": "job look-up", "import-1": "small import, executed"}
"""The small requests that are compared, by the name of the operation."""
BULK = "import-10000"
BIG = "import-50000"
SAME = 1.3
"""What counts as the same: see `casavi_bench.verdict.NOISE`."""

NOTHING_BYTES = 30.0
"""Growth that counts as none, in bytes a request: allocators are not exact."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    what: str
    bar: str
    judge: Judge
    stretch: bool = False
    """Whether it is a wish rather than a demand."""


def judged(found: Measurements) -> list[tuple[Bar, Finding]]:
    """Returns all bars with what was found."""
    return [(bar, bar.judge(found)) for bar in BARS]


def _ours(operation: str, metric: str) -> Key:
    return (OURS, operation, metric)


def _cpu(operation: str, limit: float, peer: str = "openapi-backend") -> Judge:
    return ratio_at_most(limit, _ours(operation, "cpu_us"), (peer, operation, "cpu_us"))


def _wall(metric: str, limit: float, peer: str) -> Judge:
    return ratio_at_most(limit, _ours(BULK, metric), (peer, BULK, "answered_ms"))


def _pages(name: str) -> Judge:
    return every(
        {
            version: ratio_at_most(
                SAME, _ours(f"{name}/{version}-last", "cpu_us"), _ours(f"{name}/{version}-first", "cpu_us")
            )
            for version in ("v1", "v2")
        }
    )


def _taken(found: Measurements) -> Finding:
    status = found.summary(*_ours(BIG, "status"))
    if status is None:
        return Finding("", None)
    slowest = found.summary(*_ours(BIG, "look_up_slowest_ms"))
    others = f"; slowest look-up meanwhile {slowest.median:,.0f} ms" if slowest else ""
    return Finding(f"answered {status.high:.0f}{others}", met=status.low in (202, 413) and status.low == status.high)


BARS = (
    *(
        Bar(
            f"processor time of a {title}",
            f"≤ {limit:g} × {peer_title}",
            _cpu(f"{operation}/16", limit, peer),
            stretch=stretch,
        )
        for peer, peer_title, limits, stretch in (
            ("connexion", "connexion by hand", (0.55, 0.55, 0.55), False),
            ("prism", "Prism", (0.6, 0.6, 0.85), False),
            ("scalar", "Scalar", (1.3, 1.3, 1.3), False),
            ("starlette", "bare Starlette", (4.0, 4.0, 5.0), False),
            ("starlette", "bare Starlette", (3.0, 3.0, 4.0), True),
        )
        for (operation, title), limit in zip(TITLES.items(), limits, strict=True)
    ),
    Bar(
        "10,000 contacts answered, each one checked",
        "≤ 1 × openapi-backend",
        _wall("answered_ms", 1.0, "openapi-backend"),
    ),
    Bar(
        "10,000 contacts answered, each one checked",
        "≤ 1 × Scalar",
        _wall("answered_ms", 1.0, "scalar"),
        stretch=True,
    ),
    Bar(
        "10,000 contacts executed and readable",
        "≤ 2 × openapi-backend's answer alone",
        _wall("executed_ms", 2.0, "openapi-backend"),
    ),
    Bar(
        "slowest look-up by another client meanwhile",
        "≤ 50 ms",
        value_at_most(50, "ms", _ours(BULK, "look_up_slowest_ms")),
    ),
    Bar(
        "slowest look-up by another client meanwhile",
        "≤ 20 ms",
        value_at_most(20, "ms", _ours(BULK, "look_up_slowest_ms")),
        stretch=True,
    ),
    Bar("50,000 contacts in one request", "taken, or 413; others answered all the while", _taken),
    Bar(
        "1,000,000 contacts in 100 requests",
        f"linear: the last tenth ≤ {SAME:g} × the first",
        ratio_at_most(SAME, _ours("million", "last_cpu_ms"), _ours("million", "first_cpu_ms")),
    ),
    Bar(
        "1,000,000 contacts in 100 requests",
        "≤ 1,200 bytes a contact",
        value_at_most(1_200, "bytes", _ours("million", "bytes_per_contact")),
    ),
    Bar(
        "start to the first 200",
        "≤ 1.1 × connexion's mock",
        ratio_at_most(1.1, _ours("start", "wall_ms"), ("connexion-mock", "start", "wall_ms")),
    ),
    Bar(
        "start to the first 200",
        "≤ 0.9 × connexion's mock",
        ratio_at_most(0.9, _ours("start", "wall_ms"), ("connexion-mock", "start", "wall_ms")),
        stretch=True,
    ),
    Bar("idle memory", "≤ 75 MB", value_at_most(75, "MB", _ours("memory idle", "mb"))),
    Bar("idle memory", "≤ 60 MB", value_at_most(60, "MB", _ours("memory idle", "mb")), stretch=True),
    Bar(
        "growth with each small import, once journal and jobs are full",
        f"none (≤ {NOTHING_BYTES:g} bytes)",
        value_at_most(NOTHING_BYTES, "bytes", _ours("growth", "bytes_at_bound")),
    ),
    Bar(
        "growth with each small import before",
        "≤ 300 bytes",
        value_at_most(300, "bytes", _ours("growth", "bytes_before_bound")),
    ),
    Bar(
        "a clean account in a running server, to its first answer",
        "≤ a pytest-httpserver fixture",
        ratio_at_most(1.0, _ours("account", "first_answer_ms"), (FIXTURE, "account", "first_answer_ms")),
    ),
    Bar(
        "a clean account alone",
        "≤ 0.8 ms",
        value_at_most(0.8, "ms", _ours("account", "opened_ms")),
        stretch=True,
    ),
    Bar(
        "a test's fixture taken down",
        "≤ 5 ms",
        first_known(
            value_at_most(5, "ms", _ours("plugin", "closed_ms")), value_at_most(5, "ms", _ours("account", "closed_ms"))
        ),
    ),
    Bar(
        "the session's server taken down",
        "≤ 100 ms",
        first_known(
            value_at_most(100, "ms", _ours("plugin", "session_closed_ms")),
            value_at_most(100, "ms", _ours("stop", "wall_ms")),
        ),
    ),
    Bar("last page of 100,000 contacts", f"costs what the first costs (≤ {SAME:g} ×)", _pages("page")),
    Bar("last page of 1,000,000 contacts", f"costs what the first costs (≤ {SAME:g} ×)", _pages("million-page")),
)
