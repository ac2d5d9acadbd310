"""Imports that violate the contract, yet are accepted because what is wrong is taken out silently."""

from collections.abc import Callable
from typing import Any

from tests.contracts.mutants.mutant import mutant
from tests.support.tamper import Forward, Request, Response, Tamper

MOST = 30
"""Tries to mend one request."""


class Mending:
    """Takes out of a refused import what its refusal points at, and sends it again.

    Args:
        mends: Whether that is done, given the pointer.
    """

    def __init__(self, mends: Callable[[str], bool]) -> None:
        self._mends = mends

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = first = await forward(request)
        body = request.json
        if request.operation != "importMasterData" or not isinstance(body, dict):
            return response
        for _ in range(MOST):
            pointers = self._pointers(response)
            if not pointers or not all(map(self._mends, pointers)):
                break
            for pointer in sorted(pointers, reverse=True):
                _take_out(body, pointer.split("/")[1:])
            response = await forward(request.with_json(body))
        return response if response.ok else first

    @staticmethod
    def _pointers(response: Response) -> list[str]:
        problem = response.json
        if response.status != 400 or not isinstance(problem, dict) or problem.get("rule") != "schema-violation":
            return []
        return [error["pointer"] for error in problem.get("errors", ()) if error["pointer"]]


class HalfStored:
    """Stores of a refused import the contacts that were right."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        body = request.json
        if request.operation == "importMasterData" and response.status == 400 and isinstance(body, dict):
            sent = body.get("contacts")
            right = [one for one in sent if isinstance(one, dict) and "id" in one] if isinstance(sent, list) else []
            await forward(request.with_json({"contacts": right}))
        return response


def _take_out(value: Any, parts: list[str]) -> None:
    for part in parts[:-1]:
        value = value[int(part)] if isinstance(value, list) else value.get(part)
        if not isinstance(value, list | dict):
            return
    name = parts[-1].replace("~1", "/").replace("~0", "~")
    if isinstance(value, dict):
        value.pop(name, None)
    elif int(name) < len(value):
        del value[int(name)]


def mending(mends: Callable[[str], bool]) -> Callable[[], Tamper]:
    """Returns a maker of `Mending`."""
    return lambda: Mending(mends)


def at(*ends: str) -> Callable[[], Tamper]:
    """Returns a maker of tampers that mend what stands under some names."""
    return mending(lambda pointer: pointer.rpartition("/")[2] in ends)


def _index(pointer: str) -> bool:
    return pointer.rpartition("/")[2].isdigit()


def _custom(pointer: str) -> bool:
    return "/customFields" in pointer


def _inside(*names: str) -> Callable[[str], bool]:
    return lambda pointer: any(f"/{name}/" in pointer for name in names)


MUTANTS = (
    mutant(
        "refused-import-half-stored",
        "Of an import that is refused the contacts are stored that were right.",
        HalfStored,
        check="refused-import-leaves-no-trace",
    ),
    mutant(
        "bad-members-dropped",
        "Whatever does not satisfy the contract is left out silently.",
        mending(lambda pointer: True),
        check="invalid-import-is-refused",
    ),
    mutant(
        "bad-dates-dropped",
        "Dates of contracts that are none are left out silently.",
        at("startDate", "endDate"),
        check="one-wrong-place-is-enough",
    ),
    mutant(
        "bad-texts-of-contacts-dropped",
        "Fields of contacts that are no texts are left out silently.",
        mending(lambda p: p.startswith("/contacts/") and p.count("/") == 3),
        check="one-wrong-place-is-enough",
    ),
    mutant(
        "bad-types-dropped",
        "Types of contracts and documents that there are not are left out silently.",
        at("type"),
        check="type-of-a-document-has-so-many-levels",
    ),
    mutant(
        "bad-postal-codes-dropped",
        "Impossible postal codes are left out silently.",
        at("postalCode"),
        check="one-wrong-place-is-enough",
    ),
    mutant(
        "bad-custom-fields-dropped",
        "Custom fields with impossible values are left out silently.",
        mending(_custom),
        check="one-wrong-place-is-enough",
    ),
    mutant(
        "bad-records-dropped",
        "Records that are no objects are left out silently.",
        mending(_index),
        check="invalid-import-is-refused",
    ),
    mutant(
        "bad-arrays-dropped",
        "Arrays that are none are left out silently.",
        at("contacts", "properties", "responsibilities", "addresses", "units", "contracts", "documents"),
        check="one-wrong-place-is-enough",
    ),
    mutant(
        "bad-units-mended",
        "Whatever is wrong inside units is left out silently.",
        mending(_inside("units")),
        check="invalid-import-is-refused",
    ),
    mutant(
        "bad-documents-mended",
        "Whatever is wrong inside documents is left out silently.",
        mending(_inside("documents")),
        check="all-wrong-places-are-named",
    ),
)
