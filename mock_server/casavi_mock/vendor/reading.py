"""The operations that read: request in, use case called, answer out."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import orjson

from casavi_contracts import spec
from casavi_mock.accounts import Account, Settings
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
        settings: The contract documents, and how they show answers.
        base_url: The address for links to further pages.
    """

    def __init__(self, settings: Settings, base_url: BaseUrl) -> None:
        self._base_url = base_url
        self._answers = settings.answers
        self._policy = settings.policy
        documents = settings.documents.values()
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
        page = self._queries["getContacts"].read(request.query).get(self._policy.page_parameter, 0)
        return self._found("getContacts", reading.contacts_v1(account, page))

    async def get_contact(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /contacts/{id}`."""
        return self._found("getContactById", reading.contact_v1(account, unquote(parameters["id"])))

    async def get_property(self, account: Account, request: Request, parameters: Parameters, trail: Trail) -> Answer:
        """`GET /v2/properties/{propertyId}`."""
        return self._found("getPropertyById", reading.property_v2(account, unquote(parameters["propertyId"])))

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
        return self._found(name, {"list": page.items, "_links": {"next": link}})

    def _next(self, request: Request, page: int, after: int) -> str:
        sent = parse_qsl(request.query.decode("ascii"), keep_blank_values=True)
        filters = [(name, value) for name, value in sent if name not in ("page", "after")]
        position = [("after", after)] if self._policy.next_link_parameters == "page-and-position" else []
        return f"{self._base_url(request)}{request.path}?{urlencode([*filters, ('page', page), *position])}"

    def _found(self, operation: str, values: Any) -> Answer:
        """Returns the values of an answer as the document shows them."""
        shape = self._answers.get(operation)
        return Answer(200, orjson.dumps(values if shape is None else shape.shown(values)))
