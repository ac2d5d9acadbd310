"""Everything that recorded traffic says about the assumptions."""

from collections.abc import Iterator

from casavi_contracts.observe import seen, seen_jobs, seen_lists, seen_records, seen_tokens
from casavi_contracts.observe.calls import Traffic
from casavi_contracts.observe.seen_jobs import Job
from casavi_contracts.observe.sights import Sight
from casavi_contracts.observe.vocabulary import Vocabulary


def sights(traffic: Traffic, jobs: list[Job], ours: Vocabulary) -> Iterator[Sight]:
    """Yields what the calls say, one by one; accounts have to be named before, and jobs found."""
    yield from seen.sights(traffic)
    yield from seen_tokens.sights(traffic)
    yield from seen_lists.sights(traffic, ours)
    yield from seen_jobs.sights(traffic, jobs, ours)
    yield from seen_records.sights(traffic, jobs, ours)
    yield from seen_records.of_responsibilities(traffic)
    yield from seen_records.of_nesting(traffic)
