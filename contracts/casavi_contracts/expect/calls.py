"""Calls that do no harm: one of every operation, for checks that are about all of them."""

import re
from typing import Any

from casavi_contracts import spec
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability

NOTHING: dict[str, Any] = {"contacts": []}
"""An import of no records."""

NOBODY = "casavi-check-nobody"
"""An id that no record and no job has."""

_MORE_THAN_A_PAGE = 30

_LISTS = {"v1": "/contacts", "v2": "/v2/contacts"}


def in_path(contract: Contract, operation: str) -> list[str]:
    """Returns the names of the parameters in the path of an operation."""
    return re.findall(r"{(\w+)}", contract.operations[operation].path)


def lists(contract: Contract) -> list[str]:
    """Returns the operations that list records, that of contacts first."""
    return [name for name, one in contract.operations.items() if one.method == "GET" and not in_path(contract, name)]


def single_records(contract: Contract) -> list[str]:
    """Returns the operations that return one record by its reference id."""
    return [name for name, one in contract.operations.items() if one.method == "GET" and contract.references(name)]


def one_of(ctx: Context, operation: str, portfolio: Any) -> str:
    """Returns the reference id of the first record of a portfolio that an operation could read.

    Args:
        ctx: Whose own the portfolio was made.
        operation: One of `single_records`.
        portfolio: An import's body with local ids.
    """
    (entity,) = ctx.contract.references(operation).values()
    ids = spec.identifiers(spec.import_shape(ctx.contract.document), portfolio)
    assert entity in ids, f"{operation} reads {entity}, and the portfolio of this check has none: add one"
    return ctx.names.id(ids[entity][0])


def secured(ctx: Context) -> list[str]:
    """Returns the operations that want a token in the header; the import only where records may be created."""
    may_write = Capability.WRITE in ctx.target.capabilities
    return [
        name
        for name, one in ctx.contract.operations.items()
        if one.document.get("security") != [] and name != "refreshToken" and (may_write or name != "importMasterData")
    ]


def call(client: Client, operation: str, **options: Any) -> Answer:
    """Sends a call that changes no record: ids are those of nobody, an import has no records.

    Args:
        client: Who sends it.
        operation: One that wants a token.
        options: As those of `Client.send`.
    """
    if operation == "importMasterData":
        options.setdefault("body", NOTHING)
    for name in in_path(client.contract, operation):
        options.setdefault(name, NOBODY)
    return client.send(operation, **options)


def other_list(ctx: Context) -> tuple[str, str, str]:
    """Returns version, operation and path of the list of contacts of the other version."""
    version = "v2" if ctx.contract.version == "v1" else "v1"
    return version, "listContacts" if version == "v2" else "getContacts", _LISTS[version]


def signed_in(ctx: Context) -> Client:
    """Returns a client of the account with a token that was just given out, so that none is too old or replaced."""
    client = ctx.fresh()
    client.log_in()
    return client


def is_good(client: Client, token: str) -> bool:
    """Whether a token opens the list of contacts."""
    return client.send(lists(client.contract)[0], token=token).ok


def expect_still_good(ctx: Context, client: Client, what: str) -> None:
    """Breaks the check unless a token is good after a refusal; on a shared account the next case shows it."""
    if not ctx.shared:
        ctx.expect(is_good(client, client.token), what, "it is refused")


def read(client: Client, operation: str, reference: str) -> Answer:
    """Asks for a single record by its reference id."""
    return client.send(operation, **{in_path(client.contract, operation)[0]: reference})  # type: ignore[arg-type]


def _estate() -> dict[str, Any]:
    """Returns records of every kind; more contacts than fit on a page, and one record that is refused."""
    contacts = [{"id": f"C{n}", "lastName": f"M\u00fcller {n}"} for n in range(_MORE_THAN_A_PAGE)]
    unit = {"id": "U", "contracts": [{"contactId": "C0", "type": "RENTER"}], "documents": [{"id": "D"}]}
    home = {"id": "P", "name": "x", "addresses": [{"street": "Main street 14", "units": [unit]}, {"street": "y"}]}
    role = {"propertyId": "P", "contactId": "C0", "roleName": "Caretaker", "roleType": "internal"}
    return {"contacts": contacts, "properties": [home], "responsibilities": [role, {**role, "contactId": NOBODY}]}


def tour(ctx: Context) -> None:
    """Sends every operation once as it should be and once as it should not, so that each kind of answer is seen."""
    client = signed_in(ctx)
    client.send("authenticate", body={"key": client.credentials.key, "secret": f"{client.credentials.secret}-not"})
    client.send("authenticate", body={})
    replaced = client.token
    if "refreshToken" in ctx.contract.operations:
        client.send("refreshToken", body={"apiKey": client.credentials.key, "token": NOBODY})
        client.refresh()
    for operation in secured(ctx):
        call(client, operation)
        call(client, operation, token=replaced)
        call(client, operation, token=None)
        call(client, operation, token=NOBODY)
    if Capability.WRITE in ctx.target.capabilities and "importMasterData" in ctx.contract.operations:
        client.send("importMasterData", body={"contacts": [{"id": 7}]})
        client.send("importMasterData", raw=b"{", headers={"Content-Type": "text/plain"})
        estate = _estate()
        client.finish(client.submit(ctx.names.own(estate)))
        for operation in lists(ctx.contract):
            client.send(operation)
        for operation in single_records(ctx.contract):
            read(client, operation, one_of(ctx, operation, estate))
    ctx.target.send("GET", f"{ctx.contract.base}/{NOBODY}", version=ctx.contract.version)
