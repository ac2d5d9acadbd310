"""Filters of lists: ignored, turned round, or too wide."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import CONTACTS, on, page

LISTS = ("listContacts", "listUnits", "listProperties")

Query = dict[str, str]


def _without(*names: str) -> Callable[[Query], Query]:
    return lambda query: {name: value for name, value in query.items() if name not in names}


def _turned(name: str) -> Callable[[Query], Query]:
    turn = {"true": "false", "false": "true"}
    return lambda query: {n: turn.get(v, v) if n == name else v for n, v in query.items()}


def _moved(**step: float) -> Callable[[Query], Query]:
    def moved(query: Query) -> Query:
        try:
            moment = datetime.fromisoformat(query["modifiedAfter"].replace(" ", "+"))
            return {**query, "modifiedAfter": (moment + timedelta(**step)).isoformat()}
        except (KeyError, ValueError, OverflowError):
            return query

    return moved


def _first_page_only(query: Query) -> Query:
    return _without("modifiedAfter", "role", "isRegistered", "isInvited")(query) if "after" in query else query


def _upper(query: Query) -> Query:
    return {**query, "role": query["role"].upper()} if query.get("role") else query


def _other_role(query: Query) -> Query:
    return (
        {**query, "role": {"OWNER": "RENTER", "RENTER": "OWNER"}.get(query["role"], query["role"])}
        if query.get("role")
        else query
    )


def _no_role_names(query: Query) -> Query:
    return {**query, "role": "nobody"} if query.get("role") and query["role"] not in ("OWNER", "RENTER") else query


def _default_all(query: Query) -> Query:
    return {"includeInactiveContracts": "true", **query}


def _zone_ignored(query: Query) -> Query:
    moment = query.get("modifiedAfter", "")
    return {**query, "modifiedAfter": f"{moment[:19]}Z"} if len(moment) > 19 else query


def _in_query(name: str) -> Callable[[Any], bool]:
    return lambda request: f"{name}=" in request.query


MUTANTS = (
    mutant(
        "filter-by-moment-ignored",
        "The moment of modification is ignored.",
        on(*LISTS).query(_without("modifiedAfter")),
        check="modified-after-leaves-what-changed-since",
        versions=V2,
    ),
    mutant(
        "filter-by-moment-ignored-for-units",
        "Units are not filtered by the moment of modification.",
        on("listUnits").query(_without("modifiedAfter")),
        check="modified-after-leaves-what-changed-since",
        versions=V2,
    ),
    mutant(
        "filter-by-moment-ignored-for-properties",
        "Properties are not filtered by the moment of modification.",
        on("listProperties").query(_without("modifiedAfter")),
        check="modified-after-leaves-what-changed-since",
        versions=V2,
    ),
    mutant(
        "filter-by-moment-includes-it",
        "What was modified at the very moment is listed too.",
        on(*LISTS).query(_moved(milliseconds=-1)),
        check="modified-after-means-after",
        versions=V2,
    ),
    mutant(
        "filter-by-moment-an-hour-late",
        "The moment of modification is taken as an hour later.",
        on(*LISTS).query(_moved(hours=1)),
        check="modified-after-leaves-what-changed-since",
        versions=V2,
    ),
    mutant(
        "filter-by-moment-a-day-early",
        "The moment of modification is taken as a day earlier.",
        on(*LISTS).query(_moved(days=-1)),
        check="modified-after-leaves-what-changed-since",
        versions=V2,
    ),
    mutant(
        "filter-by-moment-without-zone",
        "The zone of the moment of modification is ignored.",
        on(*LISTS).query(_zone_ignored),
        check="modified-after-leaves-what-changed-since",
        versions=V2,
    ),
    mutant(
        "filter-by-moment-empties",
        "A filter by the moment of modification leaves nothing.",
        on(*LISTS).asking(_in_query("modifiedAfter")).good().answer(page(lambda rs: [])),
        check="modified-after-leaves-what-changed-since",
        versions=V2,
    ),
    mutant(
        "filter-by-role-ignored",
        "The role is ignored.",
        on("listContacts").query(_without("role")),
        check="role-leaves-those-who-have-it",
        versions=V2,
    ),
    mutant(
        "filter-by-role-in-any-case",
        "The role is compared without regard to case.",
        on("listContacts").query(_upper),
        check="role-leaves-those-who-have-it",
        versions=V2,
    ),
    mutant(
        "filter-by-role-swapped",
        "Owners are listed as renters.",
        on("listContacts").query(_other_role),
        check="role-leaves-those-who-have-it",
        versions=V2,
    ),
    mutant(
        "filter-by-role-of-contracts-only",
        "Names of roles leave nobody.",
        on("listContacts").query(_no_role_names),
        check="role-leaves-those-who-have-it",
        versions=V2,
    ),
    mutant(
        "filter-by-role-empties",
        "A filter by role leaves nobody.",
        on("listContacts").asking(_in_query("role")).good().answer(page(lambda rs: [])),
        check="role-leaves-those-who-have-it",
        versions=V2,
    ),
    mutant(
        "filter-by-registration-ignored",
        "Whether somebody has registered is ignored.",
        on("listContacts").query(_without("isRegistered")),
        check="registration-filters-leave-those-whose-field-says-so",
        versions=V2,
    ),
    mutant(
        "filter-by-registration-turned",
        "Who has registered and who has not is swapped.",
        on("listContacts").query(_turned("isRegistered")),
        check="registration-filters-leave-those-whose-field-says-so",
        versions=V2,
    ),
    mutant(
        "filter-by-invitation-ignored",
        "Whether somebody was invited is ignored.",
        on("listContacts").query(_without("isInvited")),
        check="registration-filters-leave-those-whose-field-says-so",
        versions=V2,
    ),
    mutant(
        "filter-by-invitation-turned",
        "Who was invited and who was not is swapped.",
        on("listContacts").query(_turned("isInvited")),
        check="registration-filters-leave-those-whose-field-says-so",
        versions=V2,
    ),
    mutant(
        "filter-on-the-first-page-only",
        "Filters count on the first page alone.",
        on(*LISTS).query(_first_page_only),
        check="filtered-walk-returns-every-match-once",
        versions=V2,
    ),
    mutant(
        "filters-joined-by-or",
        "Of several filters one counts.",
        on("listContacts").query(lambda q: _without("role")(q) if len(q) > 1 else q),
        check="filters-narrow-each-other",
        versions=V2,
    ),
    mutant(
        "inactive-contracts-always",
        "Contracts that are not in force are always listed.",
        on("listUnits").query(_default_all),
        check="inactive-contracts-are-listed-on-demand",
        versions=V2,
    ),
    mutant(
        "inactive-contracts-never",
        "Contracts that are not in force are never listed.",
        on("listUnits").query(_without("includeInactiveContracts")),
        check="inactive-contracts-are-listed-on-demand",
        versions=V2,
    ),
    mutant(
        "inactive-contracts-turned",
        "Contracts that are not in force are listed where they should not be.",
        on("listUnits").query(
            lambda q: _turned("includeInactiveContracts")({"includeInactiveContracts": "false", **q})
        ),
        check="inactive-contracts-are-listed-on-demand",
        versions=V2,
    ),
    mutant(
        "inactive-contracts-hide-their-unit",
        "Units without a contract in force are left out.",
        on("listUnits").good().answer(page(lambda rs: [r for r in rs if r.get("contracts")])),
        check="inactive-contracts-are-listed-on-demand",
        versions=V2,
    ),
    mutant(
        "unnamed-contacts-left-out",
        "Contacts without a last name are left out of lists.",
        on(*CONTACTS).good().answer(page(lambda rs: [r for r in rs if r.get("lastName")])),
        check="absent-fields-are-absent",
    ),
)
