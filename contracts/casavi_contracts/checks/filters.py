"""Checks about the filters of version 2."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from casavi_contracts import spec
from casavi_contracts.checks.definition import check, checks, row
from casavi_contracts.checks.modified import end_of, filtered, houses, told
from casavi_contracts.context import Context
from casavi_contracts.expect.histories import alternatives, with_value
from casavi_contracts.expect.observing import Record, accepted, expect_record, own, predicted, today
from casavi_contracts.failures import Broken
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account, View

WRITES = (Capability.WRITE,)


Asked = Iterator[tuple[dict[str, str], list[str]]]
"""Filters, and the contacts that they leave."""


def _roles(ctx: Context, case: Any) -> Asked:
    account = Account(ctx.contract)
    for edition in (0, 1):
        sent = ctx.names.own(_people_with_roles(edition))
        accepted(ctx, account, sent)
        ctx.account.imported(sent)
        view = View(account)
        roles = {id_: view.roles(ctx.names.id(id_)) for id_ in _PEOPLE}
        known = {role for some in roles.values() for role in some}
        for role in sorted(known | {"owner", "Beira", "Beirat ", "nobody", "internal", "*", "%"}):
            yield {"role": role}, [id_ for id_ in _PEOPLE if role in roles[id_]]


_PEOPLE = ("both", "manager", "nobody", "owner", "renter", "untyped", "versatile")


def _people_with_roles(edition: int) -> Record:
    """Returns people with roles; in the second edition owner and renter have changed places."""
    owner, renter = ("owner", "renter") if edition == 0 else ("renter", "owner")
    deeds = {"OWNER": (owner, "both", "versatile"), "RENTER": (renter, "both"), None: ("untyped",)}
    units = [
        {"id": f"{kind} {number}", "contracts": [{"contactId": id_, "type": kind}]}
        for kind, people in deeds.items()
        for number, id_ in enumerate(people)
    ]
    offices = {"Hausverwaltung": ("manager", "versatile"), "HAUSVERWALTUNG": ("versatile",), "Beirat": ("manager",),
               "B\u00fcro 50% & a+b": ("manager",)}  # fmt: skip
    roles = [
        {"propertyId": "P", "contactId": id_, "roleName": name, "roleType": "internal"}
        for name, people in offices.items()
        for id_ in people
    ]
    home = {"id": "P", "name": "x", "addresses": [{"street": "x", "units": units}]}
    people = [{"id": id_, "lastName": "x"} for id_ in reversed(_PEOPLE)]
    return {"contacts": people, "properties": [home], "responsibilities": roles}


def _registration(ctx: Context, case: Any) -> Asked:
    ctx.account.imported(ctx.names.own(houses({"A": "new", "B": "new"})))
    for value, wanted in (("true", []), ("false", ["A", "B"])):
        yield {case: value}, wanted
        for record in ctx.listed(ctx.account, "listContacts", f"{case}={value}"):
            said = value == "true" if spec.hides(record, case) else record.get(case)
            ctx.expect(said is (value == "true"), f"{case} {value} of a contact listed for it", repr(said))


def _several(ctx: Context, case: Any) -> Asked:
    roles = ("OWNER", "RENTER")
    at = end_of(ctx, ctx.account.imported(ctx.names.own(_owners(("A", "B"), "C"))))
    ctx.account.imported(ctx.names.own(_owners(("D",), "E")))
    for role, old, new in zip(roles, (["A", "B"], ["C"]), (["D"], ["E"]), strict=True):
        yield {"role": role}, old + new
        yield {"role": role, "modifiedAfter": told(at)}, new
        yield {"modifiedAfter": told(at), "role": role}, new
        yield {"role": role, "isRegistered": "false"}, old + new
        yield {"isInvited": "true", "role": role}, []
        yield {"isInvited": "false", "isRegistered": "false", "role": role, "modifiedAfter": told(at)}, new
        yield {"isInvited": "false", "isRegistered": "true", "modifiedAfter": told(at)}, []


def _owners(owners: Iterable[str], renter: str) -> Record:
    """Returns contacts, some of whom are owners and one a renter."""
    deeds = [*((id_, "OWNER") for id_ in owners), (renter, "RENTER")]
    units = [{"id": id_, "contracts": [{"contactId": id_, "type": kind}]} for id_, kind in deeds]
    home = {"id": renter, "name": "x", "addresses": [{"street": "x", "units": units}]}
    return {"contacts": [{"id": id_, "lastName": "x"} for id_, _ in deeds], "properties": [home]}


@checks(
    row("role-leaves-those-who-have-it",
        "The filter role leaves contacts with a contract of this type or a responsibility of this name, letter by "
        "letter.",
        _roles, assumed="role-filter", source="6"),
    row("registration-filters-leave-those-whose-field-says-so",
        "The filters isRegistered and isInvited leave contacts by the field of the same name; whoever was just "
        "imported has neither registered nor was invited.",
        _registration, inferred="11", assumption="v2-contact-fields",
        each=lambda contract: ("isRegistered", "isInvited")),
    row("filters-narrow-each-other", "Of several filters each leaves less: what is listed satisfies all of them.",
        _several, inferred="6"),
    operations=("listContacts",),
    needs=WRITES,
    versions=("v2",),
)  # fmt: skip
def contacts_are_filtered(ctx: Context, asked: Callable[[Context, Any], Asked], case: Any) -> None:
    """A filter leaves the contacts that match, and no other."""
    for filters, wanted in asked(ctx, case):
        seen = filtered(ctx, "contacts", **filters)
        ctx.expect(sorted(seen) == wanted, f"the contacts {wanted} for {filters}", f"{seen}")


@check(assumed="inactive-contracts", source="6", operations=("listUnits",), needs=WRITES, versions=("v2",))
def inactive_contracts_are_listed_on_demand(ctx: Context) -> None:
    """Units are listed with the contracts that are in force today, and with all of them if includeInactiveContracts
    is true; a unit without any is listed too.
    """
    clock = ctx.account.clock
    if clock is not None:
        clock.freeze()  # so that the day does not change meanwhile
    account, sent = Account(ctx.contract), ctx.names.own(_let(ctx))
    accepted(ctx, account, sent)
    ctx.account.imported(sent)
    for query, everything in (("", False), ("false", False), ("true", True)):
        asked = f"includeInactiveContracts={query}" if query else ""
        units = {record["id"]: record for record in own(ctx, "units", asked)}
        try:
            _expect_units(ctx, units, account, everything=everything)
        except Broken as broken:
            value = next(_explaining(ctx, units, sent, everything=everything), None)
            raise Broken(f"{broken.expected}, with {asked or 'no filter'}", broken.observed, value=value) from broken


def _let(ctx: Context) -> Record:
    """Returns units with contracts that are over, in force, and yet to come."""
    day = today(ctx)
    terms: dict[str, tuple[date | None, date | None]] = {
        "always": (None, None),
        "long over": (date(2001, 1, 1), date(2010, 12, 31)),
        "over": (None, date(2011, 12, 31)),
        "in force": (date(2012, 1, 1), date(2099, 12, 31)),
        "without an end": (date(2013, 1, 1), None),
        "without a start": (None, date(2098, 12, 31)),
        "to come": (date(2095, 1, 1), None),
        "to come and go": (date(2095, 1, 1), date(2096, 1, 1)),
    }
    if ctx.account.clock is not None:  # elsewhere nobody knows when the day begins
        terms |= {"from today": (day, None), "until today": (None, day), "today": (day, day)}
        terms |= {"until yesterday": (None, day - timedelta(days=1)), "from tomorrow": (day + timedelta(days=1), None)}
    contracts = [
        {
            "contactId": "C",
            "contractNumber": name,
            **({"startDate": start.isoformat()} if start else {}),
            **({"endDate": end.isoformat()} if end else {}),
        }
        for name, (start, end) in terms.items()
    ]
    units = [{"id": f"{number}", "contracts": [one]} for number, one in enumerate(contracts)]
    units += [{"id": "all", "contracts": contracts}, {"id": "none"}]
    home = {"id": "P", "name": "x", "addresses": [{"street": "x", "units": units}]}
    return {"contacts": [{"id": "C", "lastName": "x"}], "properties": [home]}


def _expect_units(ctx: Context, units: Mapping[str, Record], account: Account, *, everything: bool) -> None:
    wanted = predicted(ctx, account, all_contracts=everything)["units"]
    missing = sorted(ctx.names.local(id_) for id_ in wanted.keys() - units.keys())
    ctx.expect(not missing, "every unit to be listed", f"not {missing}")
    for id_, expected in wanted.items():
        shown_ = [one.get("contractNumber") for one in units[id_]["contracts"]]
        active = [one["contractNumber"] for one in expected["contracts"]]
        ctx.expect(shown_ == active, f"the contracts {active} of a unit", f"{shown_}")
        expect_record(ctx, "units", units[id_], expected)


def _explaining(ctx: Context, units: Mapping[str, Record], sent: Record, *, everything: bool) -> Iterator[Any]:
    """Yields the values of the assumption under which what was seen is right."""
    for value in alternatives(ctx.contract, "inactive-contracts"):
        account = Account(with_value(ctx.contract, "inactive-contracts", value))
        accepted(ctx, account, sent)
        try:
            _expect_units(ctx, units, account, everything=everything)
        except Broken:
            continue
        yield value
