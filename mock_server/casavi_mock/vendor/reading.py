"""The operations that read: request in, use case called, answer out."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import orjson

from casavi_contracts import spec
from casavi_mock.accounts import Account
from casavi_mock.handlers import reading
from casavi_mock.messages.answers import Answer
from casavi_mock.messages.request import Request, Trail
from casavi_mock.vendor.operations import Operation, Parameters
from casavi_mock.vendor.query import QueryReader

MAX_PAGE = 1_000_000_000
"""The highest page that the contract takes."""

BaseUrl = Callable[[Request], str]
"""Returns the address under which the client of a request reaches this server, without a slash at the end."""


class ReadingOperations:
    """One method for each operation that reads.

    Args:
        documents: The contract documents.
        base_url: The address for links to further pages.
    """

    def __init__(self, documents: list[Mapping[str, Any]], base_url: BaseUrl) -> None:
        self._base_url = base_url
        self._queries = {
            operation["operationId"]: QueryReader(document, operation)
            for document in documents
            for _, _, operation in spec.operations(dict(document))
        }

    def table(self) -> dict[str, Operation]:
        """Returns the operations by `operationId`, those of both versions."""
        return {
            "getContacts": self.get_contacts,
            "getContactById": self.get_contact,
            "listContacts": self.list_contacts,
            "listUnits": self.list_units,
            "listProperties": self.list_properties,
            "getPropertyById": self.get_property,
        }

    async def get_contacts(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /contacts`."""
        page = self._queries["getContacts"].read(request.query).get("page", 0)
        return _found(reading.contacts_v1(account, page))

    async def get_contact(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /contacts/{id}`."""
        return _found(reading.contact_v1(account, unquote(parameters["id"])))

    async def get_property(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /v2/properties/{propertyId}`."""
        return _found(reading.property_v2(account, unquote(parameters["propertyId"])))

    async def list_contacts(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /v2/contacts`."""
        return self._list(account, request, "listContacts", reading.contacts_v2)

    async def list_units(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /v2/units`."""
        return self._list(account, request, "listUnits", reading.units_v2)

    async def list_properties(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /v2/properties`."""
        return self._list(account, request, "listProperties", reading.properties_v2)

    def _list(
        self, account: Account, request: Request, name: str, read: Callable[[Account, reading.ListQuery], reading.Page]
    ) -> Answer:
        query = reading.list_query(self._queries[name].read(request.query))
        page = read(account, query)
        # The position counts, so the number may stay at its limit; beyond it the link would be refused.
        number = min(query.page + 1, MAX_PAGE)
        link = None if page.next_after is None else self._next(request, number, page.next_after)
        return _found({"list": page.items, "_links": {"next": link}})

    def _next(self, request: Request, page: int, after: int) -> str:
        sent = parse_qsl(request.query.decode("ascii"), keep_blank_values=True)
        filters = [(name, value) for name, value in sent if name not in ("page", "after")]
        return f"{self._base_url(request)}{request.path}?{urlencode([*filters, ('page', page), ('after', after)])}"


def _found(value: Any) -> Answer:
    return Answer(200, orjson.dumps(value))
