"""All mutants."""

from tests.contracts.mutants import (
    bodies,
    caches,
    counts,
    expiry,
    fields,
    filters,
    imports,
    isolation,
    job_times,
    jobs,
    pages,
    record_errors,
    refreshing,
    refusals,
    requests,
    tokens,
    values,
)
from tests.contracts.mutants.mutant import Mutant

FAMILIES: dict[str, tuple[Mutant, ...]] = {
    "Log-ins and tokens": tokens.MUTANTS,
    "Expiry": expiry.MUTANTS,
    "Refresh": refreshing.MUTANTS,
    "Requests": requests.MUTANTS,
    "Refusals": refusals.MUTANTS,
    "Bodies": bodies.MUTANTS,
    "Imports": imports.MUTANTS,
    "Values": values.MUTANTS,
    "Jobs": jobs.MUTANTS,
    "Moments and progress of jobs": job_times.MUTANTS,
    "Counts": counts.MUTANTS,
    "Refused records and warnings": record_errors.MUTANTS,
    "Fields": fields.MUTANTS,
    "Pages": pages.MUTANTS,
    "Filters": filters.MUTANTS,
    "Caches": caches.MUTANTS,
    "Accounts": isolation.MUTANTS,
}
"""By what they are wrong about."""

MUTANTS: tuple[Mutant, ...] = tuple(mutant for family in FAMILIES.values() for mutant in family)
