"""Checks our own answers against the contract document; for tests, and for `serve --strict`."""

from collections.abc import Mapping
from typing import Any

import orjson

from casavi_contracts import spec
from casavi_mock.bodies.validation import BodySchema
from casavi_mock.messages.answers import Answer


class AnswerSchemas:
    """The answers that the contract allows, by operation and status.

    Args:
        documents: The contract documents, with the profile applied.
    """

    def __init__(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self._media: dict[str, dict[str, dict[str, BodySchema]]] = {}
        for whole in documents.values():
            for _, _, operation in spec.operations(dict(whole)):
                answers = self._media.setdefault(operation["operationId"], {})
                answers.update(
                    {status: _bodies(whole, response) for status, response in operation["responses"].items()}
                )

    def violation(self, operation: str | None, answer: Answer) -> str | None:
        """Returns how an answer violates the contract, or None.

        Args:
            operation: The `operationId`; None if the request reached no operation, so that nothing is promised.
            answer: The answer as it is about to be sent.
        """
        if operation is None:
            return None
        media = self._media[operation].get(str(answer.status))
        if media is None:
            return f"{operation} answers {answer.status}, which the contract does not name"
        schema = media.get(answer.media_type.decode())
        if schema is None:
            return f"{operation} answers {answer.status} as {answer.media_type!r}, which the contract does not name"
        first = next(schema.errors(orjson.loads(answer.body)), None)
        return f"{operation} {answer.status} {first.pointer or '/'}: {first.message}" if first else None


def _bodies(document: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, BodySchema]:
    """Returns the schemas of a response by media type."""
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    return {
        media_type: BodySchema(spec.json_schema(dict(document), media["schema"]), secret=True)
        for media_type, media in response["content"].items()
    }
