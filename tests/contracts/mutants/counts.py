"""What a job counts."""

from collections.abc import Callable
from typing import Any

from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import Edit, change, edits, on

KINDS = ("contacts", "properties", "units", "responsibilities", "documents")

JOB = on("getJob").good()
ENDED = JOB.answering(lambda job: job["status"] in ("completed", "failed"))

Numbers = dict[str, int]


def _of_kinds(edit: Callable[[Numbers], dict[str, Any]], *kinds: str) -> Edit:
    return edits(*(change(f"counts/{kind}", lambda told: {**told, **edit(told)}) for kind in kinds or KINDS))


def _kinds(edit: Callable[[dict[str, Numbers]], dict[str, Numbers]]) -> Edit:
    return change("counts", lambda counts: {**counts, **edit(counts)})


def _swap(first: str, second: str) -> Edit:
    return _of_kinds(lambda n: {first: n[second], second: n[first]})


def _one_more(name: str) -> Edit:
    return _of_kinds(lambda n: {name: n[name] + 1 if n[name] else 0})


def _summed(counts: dict[str, Numbers]) -> dict[str, Numbers]:
    zero = dict.fromkeys(counts["contacts"], 0)
    sums = {name: sum(counts[kind][name] for kind in KINDS) for name in zero}
    return {**dict.fromkeys(KINDS, zero), "contacts": sums}


MUTANTS = (
    mutant(
        "counts-created-and-updated-swapped",
        "New records are counted as updated ones.",
        JOB.answer(_swap("created", "updated")),
        check="job-counts-every-record",
    ),
    mutant(
        "counts-updated-and-unchanged-swapped",
        "Updated records are counted as unchanged ones.",
        JOB.answer(_swap("updated", "unchanged")),
        check="job-counts-every-record",
    ),
    mutant(
        "counts-created-and-unchanged-swapped",
        "New records are counted as unchanged ones.",
        JOB.answer(_swap("created", "unchanged")),
        check="job-counts-every-record",
    ),
    mutant(
        "counts-created-and-refused-swapped",
        "Refused records are counted as new ones.",
        JOB.answer(_swap("created", "refused")),
        check="job-fails-if-all-was-refused",
    ),
    mutant(
        "counts-unchanged-as-updated",
        "Every record that was known is counted as updated.",
        JOB.answer(_of_kinds(lambda n: {"updated": n["updated"] + n["unchanged"], "unchanged": 0})),
        check="job-counts-every-record",
    ),
    mutant(
        "counts-known-as-created",
        "Every record that was taken is counted as new.",
        JOB.answer(
            _of_kinds(lambda n: {"created": n["created"] + n["updated"] + n["unchanged"], "updated": 0, "unchanged": 0})
        ),
        check="job-counts-every-record",
    ),
    mutant(
        "counts-created-one-more",
        "One new record more is counted than there is.",
        JOB.answer(_one_more("created")),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-unchanged-one-more",
        "One unchanged record more is counted than there is.",
        JOB.answer(_one_more("unchanged")),
        check="job-counts-every-record",
    ),
    mutant(
        "counts-created-doubled",
        "New records are counted twice.",
        JOB.answer(_of_kinds(lambda n: {"created": 2 * n["created"]})),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-refused-not",
        "Refused records are not counted.",
        JOB.answer(_of_kinds(lambda n: {"refused": 0})),
        check="job-fails-if-all-was-refused",
    ),
    mutant(
        "counts-refused-as-unchanged",
        "Refused records are counted as unchanged ones.",
        JOB.answer(_of_kinds(lambda n: {"unchanged": n["unchanged"] + n["refused"], "refused": 0})),
        check="job-fails-if-all-was-refused",
    ),
    mutant(
        "counts-refused-doubled",
        "Refused records are counted twice.",
        JOB.answer(_of_kinds(lambda n: {"refused": 2 * n["refused"]})),
        check="job-fails-if-all-was-refused",
    ),
    mutant(
        "counts-zero", "Nothing is counted.", JOB.answer(change("counts/*/*", lambda n: 0)), check="job-counts-add-up"
    ),
    mutant(
        "counts-units-zero",
        "Units are not counted.",
        JOB.answer(change("counts/units/*", lambda n: 0)),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-documents-zero",
        "Documents are not counted.",
        JOB.answer(change("counts/documents/*", lambda n: 0)),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-responsibilities-zero",
        "Responsibilities are not counted.",
        JOB.answer(change("counts/responsibilities/*", lambda n: 0)),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-contacts-and-properties-swapped",
        "Contacts are counted as properties.",
        JOB.answer(_kinds(lambda c: {"contacts": c["properties"], "properties": c["contacts"]})),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-units-and-properties-swapped",
        "Units are counted as properties.",
        JOB.answer(_kinds(lambda c: {"units": c["properties"], "properties": c["units"]})),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-units-and-documents-swapped",
        "Documents are counted as units.",
        JOB.answer(_kinds(lambda c: {"units": c["documents"], "documents": c["units"]})),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-all-as-contacts",
        "Whatever it is, it is counted as a contact.",
        JOB.answer(_kinds(_summed)),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-empty-while-running",
        "Counts are shown only at the end, and then doubled.",
        ENDED.answer(change("counts/*/created", lambda n: 2 * n)),
        check="job-counts-add-up",
    ),
    mutant(
        "counts-with-a-fraction",
        "Counts have a fraction.",
        JOB.answer(change("counts/*/created", lambda n: n + 0.5)),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "counts-negative",
        "Refused records are counted below zero.",
        JOB.answer(change("counts/*/refused", lambda n: -n)),
        check="job-fails-if-all-was-refused",
    ),
    mutant(
        "counts-null",
        "What did not happen is counted as null.",
        JOB.answer(change("counts/*/*", lambda n: n or None)),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "counts-without-unchanged",
        "Unchanged records are not told apart.",
        JOB.answer(change("counts/*", lambda n: {k: v for k, v in n.items() if k != "unchanged"})),
        check="answers-satisfy-the-contract",
    ),
)
