"""Puts a run together: who takes part, what is measured, in which order."""

import time
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path

from casavi_bench import interleaved, machine, node, ours, references
from casavi_bench.kinds import NODE_PEERS, OURS, PYTHON_PEERS
from casavi_bench.kinds import ours as our_kind
from casavi_bench.operations import logged_in
from casavi_bench.report import Participant, Report
from casavi_bench.run import Options, Run
from casavi_bench.server import Kind, ServerError, running

ROOT = Path(__file__).parents[2]
COMPARED = ("start", "small", "bulk")
"""Parts that all servers take part in."""

ALONE: dict[str, Callable[[Run], None]] = {
    "pauses": ours.measure_pauses,
    "reading": ours.measure_reading,
    "accounts": ours.measure_accounts,
    "strays": ours.measure_strays,
    "big": ours.measure_big,
}
"""Parts of our server in every round."""

ONCE: dict[str, Callable[[Run], None]] = {"growth": ours.measure_growth, "million": ours.measure_million}
"""Parts of our server that are too long for every round."""

DEFAULT_PARTS = (*COMPARED, *ALONE, "growth")
PARTS = (*COMPARED, *ALONE, *ONCE)


def measured(
    options: Options,
    parts: Collection[str],
    peers: Collection[str],
    cache: Path,
    folder: Path,
    tell: Callable[[str], None],
) -> Report:
    """Measures, and returns the report.

    Args:
        options: How long and how often.
        parts: What, some of `PARTS`.
        peers: Whom beside ours, some of `casavi_bench.kinds.PEER_NAMES`.
        cache: Where the peers from npm are, or come.
        folder: Takes what the servers write.
        tell: Told of each step.

    Raises:
        casavi_bench.server.ServerError: Our server failed, or the run took too long.
    """
    began = time.monotonic()
    run = Run(options, folder, tell)
    date, revision = machine.now(), machine.revision(ROOT)
    document = fetched_document(folder)
    participants = [our_kind(), *_peers(run, peers, document, cache)]
    for _ in run.rounds():
        _measure_round(run, participants, set(parts), document)
    for part, measure in ONCE.items():
        if part in parts:
            measure(run)
    return Report(
        date=date,
        revision=revision,
        minutes=(time.monotonic() - began) / 60,
        machine=machine.machine() | node.described(cache),
        options=asdict(options)
        | {"parts": sorted(parts), "peers": sorted(peers), "warm_requests": interleaved.COMPILED.requests},
        loads=run.loads,
        others=run.others,
        participants=[Participant(kind.name, kind.title, kind.lacks) for kind in participants],
        missing=run.missing,
        found=run.found,
    )


def _measure_round(run: Run, participants: list[Kind], parts: set[str], document: Path) -> None:
    if parts & set(COMPARED):
        interleaved.measure_round(run, participants, parts)
    if "bulk" in parts:
        references.measure_floor(run, document)
    for part, measure in ALONE.items():
        if part in parts:
            run.tell(f"round {run.round + 1}: {part}")
            run.check_time()
            measure(run)
    if "accounts" in parts:
        references.measure_fixtures(run)


def fetched_document(folder: Path) -> Path:
    """Returns the contract that our server publishes; all peers get this one.

    Args:
        folder: Where it is written to.
    """
    kind = our_kind()
    with running(kind, folder / f"{kind.name}.log") as server, logged_in(server) as caller:
        status, raw = caller.call("GET", "/openapi.json")
    if status != 200:
        raise ServerError(f"{OURS} answered {status} to GET /openapi.json")
    path = folder / "openapi.json"
    path.write_bytes(raw)
    return path


def _peers(run: Run, names: Collection[str], document: Path, cache: Path) -> list[Kind]:
    found = [peer.kind(document) for peer in PYTHON_PEERS if peer.name in names]
    wanted = [peer for peer in NODE_PEERS if peer.name in names]
    if not wanted:
        return found
    run.tell("peers from npm")
    try:
        folder = node.installed(cache / "node")
        binary = node.binary(folder)
    except node.NoNode as error:
        run.missing.update({peer.name: str(error) for peer in wanted})
        run.tell(f"no peers from npm: {error}")
        return found
    return found + [peer.kind(document, folder, binary) for peer in wanted]
