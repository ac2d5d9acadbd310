"""The operations of the contract, ready to be called."""

from collections.abc import Mapping

from casavi_mock.accounts import Registry
from casavi_mock.errors import ConfigurationError
from casavi_mock.handlers.authentication import authorize
from casavi_mock.messages.answers import Answer
from casavi_mock.vendor.operations import Call, Operation
from casavi_mock.vendor.routing import RoutedOperation


class Route:
    """One operation of the contract.

    Args:
        name: Its `operationId`.
        operation: What answers its calls.
        header: The header with the token that it demands, in lower case; None if it demands none.
        registry: The accounts.
    """

    __slots__ = ("_header", "_operation", "_registry", "name")

    def __init__(self, name: str, operation: Operation, header: bytes | None, registry: Registry) -> None:
        self.name = name
        self._operation = operation
        self._header = header
        self._registry = registry

    async def __call__(self, asked: tuple[Call, list[Answer]], parameters: Mapping[str, str]) -> None:
        """Answers a call, whose operation and account are filled in as they become known.

        Args:
            asked: The call, and the list that takes its answer.
            parameters: Those of its path, percent-encoded.

        Raises:
            Refused: The token is not good, or the operation refuses the call by a rule.
        """
        call, answers = asked
        call.operation, call.path_params = self.name, parameters
        if self._header is not None:
            call.account = authorize(self._registry, _text(call, self._header), _text(call, b"authorization"))
            await call.admit(call.account)
        answers.append(await self._operation(call))


def route_for(operation: RoutedOperation, table: Mapping[str, Operation], registry: Registry) -> Route:
    """Returns what answers an operation of the contract.

    Args:
        operation: The operation.
        table: What answers calls, by `operationId`.
        registry: The accounts.

    Raises:
        ConfigurationError: Nobody answers it.
    """
    answering = table.get(operation.name)
    if answering is None:
        raise ConfigurationError(
            f"nobody answers the operation {operation.name!r} of the contract ({operation.method} {operation.path}): "
            "add a method for it to ReadingOperations in casavi_mock/vendor/reading.py or to Operations in "
            "casavi_mock/vendor/operations.py, and name it in the table there."
        )
    header = operation.token_header
    return Route(operation.name, answering, None if header is None else header.encode(), registry)


def _text(call: Call, header: bytes) -> str | None:
    value = call.headers.get(header)
    return None if value is None else value.decode("latin-1")
