"""All mutants."""

from tests.contracts.mutants import (
    bodies,
    caches,
    contact_fields,
    counts,
    deliveries,
    expiry,
    filters,
    ids,
    imports,
    interruptions,
    isolation,
    job_times,
    jobs,
    links,
    lists,
    log_ins,
    mending,
    pages,
    property_fields,
    record_errors,
    refreshing,
    refusals,
    refused,
    repeats,
    taken,
    tokens,
    values,
)
from tests.contracts.mutants.mutant import Mutant

ALL: dict[str, tuple[Mutant, ...]] = {
    "Log-ins": log_ins.MUTANTS,
    "Tokens": tokens.MUTANTS,
    "Expiry": expiry.MUTANTS,
    "Refresh": refreshing.MUTANTS,
    "Requests that are right, yet refused": refused.MUTANTS,
    "Requests that are wrong, yet taken": taken.MUTANTS,
    "Imports that are mended silently": mending.MUTANTS,
    "Interruptions": interruptions.MUTANTS,
    "Refusals": refusals.MUTANTS,
    "Bodies": bodies.MUTANTS,
    "Imports that do not arrive as sent": deliveries.MUTANTS,
    "Records that arrive as others": imports.MUTANTS,
    "Records that come again, or do not": repeats.MUTANTS,
    "Reference ids": ids.MUTANTS,
    "Values": values.MUTANTS,
    "Jobs": jobs.MUTANTS,
    "Moments and progress of jobs": job_times.MUTANTS,
    "Counts": counts.MUTANTS,
    "Refused records and warnings": record_errors.MUTANTS,
    "Contacts read back": contact_fields.MUTANTS,
    "Units and properties read back": property_fields.MUTANTS,
    "Lists": lists.MUTANTS,
    "Pages": pages.MUTANTS,
    "Links": links.MUTANTS,
    "Filters": filters.MUTANTS,
    "Caches": caches.MUTANTS,
    "Accounts": isolation.MUTANTS,
}
"""Every mutant, by what it is wrong about."""

OPEN = "?"
"""Stands in place of the law of a mutant that is not assigned to one yet; such a mutant is not judged by tests."""

FAMILIES: dict[str, tuple[Mutant, ...]] = {
    title: assigned for title, family in ALL.items() if (assigned := tuple(one for one in family if one.law != OPEN))
}
"""Those that a law has to find, by what they are wrong about."""

MUTANTS: tuple[Mutant, ...] = tuple(mutant for family in FAMILIES.values() for mutant in family)
