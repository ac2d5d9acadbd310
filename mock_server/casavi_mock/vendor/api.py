"""The vendor's API: one endpoint for each operation of the contract, behind connexion's router."""

import functools
from collections.abc import Mapping

from casavi_mock.accounts import Registry
from casavi_mock.errors import ConfigurationError
from casavi_mock.vendor.addresses import Addresses
from casavi_mock.vendor.operations import Endpoint, LogIn, LogInEndpoint, Operation, Operations, Strike, TokenEndpoint
from casavi_mock.vendor.reading import ReadingOperations
from casavi_mock.vendor.routing import RoutedOperation, Router


def vendor_api(registry: Registry, strike: Strike, addresses: Addresses) -> Router:
    """Returns the router of the vendor's API.

    Args:
        registry: The accounts.
        strike: Asks the faults of the account that calls.
        addresses: Tells the address for links to further pages.

    Raises:
        ConfigurationError: The contract has an operation that nobody answers.
    """
    documents = registry.settings.documents
    reading = ReadingOperations(registry.settings, addresses.of)
    table = Operations(registry).table() | reading.table()
    return Router(documents, functools.partial(_endpoint, table, registry, strike))


def _endpoint(
    table: Mapping[str, Operation | LogIn], registry: Registry, strike: Strike, operation: RoutedOperation
) -> Endpoint:
    second = operation.path.startswith("/v2/")
    work = (table.get(f"/v2 {operation.name}") if second else None) or table.get(operation.name)
    if work is None:
        raise ConfigurationError(
            f"nobody answers the operation {operation.name!r} of the contract ({operation.method} {operation.path}): "
            "add a method for it to ReadingOperations in casavi_mock/vendor/reading.py or to Operations in "
            "casavi_mock/vendor/operations.py, and name it in the table there."
        )
    about = (operation.name, operation.token_header, registry, strike)
    return LogInEndpoint(*about, log_in=work) if isinstance(work, LogIn) else TokenEndpoint(*about, operation=work)
