"""What does not hold, grouped by what causes it: one wrong thing makes many checks fail."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from casavi_contracts.outcome import Outcome
from casavi_contracts.promises import Named
from casavi_contracts.report.results import GRAVITY, KEPT, Row
from casavi_contracts.spec import EVIDENCE

_BASIC = (
    Named.LOG_IN_GIVES_A_TOKEN, Named.TOKEN_WORKS_AGAIN_AND_AGAIN, Named.VALID_IMPORT_IS_ACCEPTED,
    Named.IMPORT_ANSWERS_A_JOB_ID,
    Named.ACCEPTED_JOB_IS_VISIBLE, Named.ACCEPTED_JOB_ENDS, Named.LISTS_CAN_BE_READ, Named.COUNTS_OF_A_LIST_ADD_UP,
    Named.PAGE_WALK_RETURNS_EVERY_RECORD_ONCE, Named.PAGES_ARE_FULL_BUT_THE_LAST, Named.IMPORT_IS_READ_BACK,
    Named.IMPORTED_RECORDS_ARE_STORED,
)  # fmt: skip
"""Checks that others rest on, the most basic first: of several that fail together, they name the cause."""


@dataclass(slots=True)
class Cause:
    """Checks that seem to fail for one reason."""

    rows: list[Row]

    @property
    def head(self) -> Row:
        """The one that names the cause."""
        return min(self.rows, key=_basicness)

    @property
    def outcome(self) -> Outcome:
        """The worst of all."""
        return min((row.outcome for row in self.rows), key=GRAVITY.index)

    @property
    def versions(self) -> list[str]:
        """The versions in which that one fails."""
        return sorted({row.promise.version for row in self.rows if row.promise.name == self.head.promise.name})

    @property
    def evidence(self) -> str:
        """The surest evidence of anything that fails."""
        return min((one.evidence for row in self.rows for one in row.findings), key=EVIDENCE.index)

    def others(self) -> list[str]:
        """Returns the names of the further checks, each once."""
        head = self.head.promise.name
        return list(dict.fromkeys(row.promise.name for row in self.rows if row.promise.name != head))


def causes(rows: Iterable[Row]) -> list[Cause]:
    """Returns the causes of what fails or is refuted: failures first, then those with the surest evidence.

    Args:
        rows: With findings, in the order of the checks.
    """
    groups: dict[str, Cause] = {}
    known: list[Row] = [row for row in rows if row.findings]
    for row in known:
        keys = [*_keys(row)]
        joined = [groups[key] for key in keys if key in groups]
        cause = joined[0] if joined else Cause([])
        cause.rows.append(row)
        for other in joined[1:]:
            if other is not cause:
                cause.rows += [one for one in other.rows if one not in cause.rows]
                groups.update({key: cause for key, group in groups.items() if group is other})
        groups.update(dict.fromkeys(keys, cause))
    order = {id(row): number for number, row in enumerate(known)}
    unique = {id(cause): cause for cause in groups.values()}.values()
    return sorted(unique, key=lambda cause: (*_gravity(cause), order[id(cause.head)]))


def _keys(row: Row) -> Iterator[str]:
    yield f"check {row.promise.name}"
    if row.promise.group == KEPT:
        yield from (f"check {finding.seen_by}" for finding in row.findings)
    yield from (f"place {finding.place}" for finding in row.findings if finding.place)


def _gravity(cause: Cause) -> Sequence[int]:
    return GRAVITY.index(cause.outcome), EVIDENCE.index(cause.evidence)


def _basicness(row: Row) -> tuple[int, int, bool]:
    name = row.promise.name
    basic = _BASIC.index(name) if name in _BASIC else len(_BASIC)
    return basic, GRAVITY.index(row.outcome), row.promise.group == KEPT
