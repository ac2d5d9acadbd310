"""Marks as observed what a user's evidence has shown."""

from collections.abc import Mapping
from typing import Any

from casavi_contracts.spec.evidence import OBSERVED, weaker
from casavi_contracts.spec.overlay import OverlayError, normal
from casavi_contracts.spec.register import ProfileError

_TOLD = ("count", "first", "last", "from")
_KINDS = (OBSERVED, "vendor-document")


class EvidenceError(ProfileError):
    """A file of evidence cannot be used; the text names the place, and what came."""


def mark_observed(documents: Mapping[str, dict[str, Any]], evidence: Any, values: Mapping[str, Any]) -> None:
    """Marks assumptions and places of the documents as observed, with count and dates beside them.

    A mark that is stronger already stays, and so does that of an assumption whose value is not the one that was seen.

    Args:
        documents: The contract documents; they are changed.
        evidence: The parsed file.
        values: Those of the assumptions.

    Raises:
        EvidenceError: It is no file of evidence, or names what there is not.
    """
    known, places = _parts(evidence)
    for name, entry in known.items():
        _check(entry, f"assumptions/{name}")
        if name not in values:
            raise EvidenceError(f"evidence: there is no assumption {name!r}")
        if "value" in entry and entry["value"] == values[name]:
            for document in documents.values():
                _mark(document["x-assumptions"][name], entry, "evidence", "observed")
    for number, entry in enumerate(places):
        _check(entry, f"places/{number}")
        found = [_at(document, entry.get("pointer")) for document in documents.values()]
        if not any(isinstance(place, dict) for place in found):
            raise EvidenceError(f"evidence, places/{number}: nothing stands at {entry.get('pointer')!r}")
        for place in found:
            if isinstance(place, dict):
                _mark(place, entry, "x-evidence", "x-observed")


def _parts(evidence: Any) -> tuple[dict[str, Any], list[Any]]:
    """Returns assumptions and places of evidence."""
    try:
        evidence = normal(evidence)
    except OverlayError as error:
        raise EvidenceError(f"evidence: {error}") from None
    if not isinstance(evidence, dict) or (evidence.get("casavi-mock"), evidence.get("version")) != ("evidence", 1):
        raise EvidenceError('it is no evidence: it has to begin with "casavi-mock": "evidence", "version": 1')
    known, places = evidence.get("assumptions", {}), evidence.get("places", [])
    if not isinstance(known, dict) or not isinstance(places, list):
        raise EvidenceError("evidence: assumptions has to be an object, and places a list")
    return known, places


def _check(entry: Any, where: str) -> None:
    if not isinstance(entry, dict) or entry.get("evidence") not in _KINDS:
        came = entry.get("evidence") if isinstance(entry, dict) else entry
        raise EvidenceError(f"evidence, {where}: evidence has to be one of {', '.join(_KINDS)}; it is {came!r}")


def _mark(place: dict[str, Any], entry: Mapping[str, Any], name: str, beside: str) -> None:
    known = place.get(name, "assumed")
    if weaker(known, OBSERVED) == OBSERVED and known != OBSERVED:  # it is documented
        return
    if "$ref" in place:  # nothing counts beside a reference
        place["allOf"] = [{"$ref": place.pop("$ref")}]
    place[name] = OBSERVED
    place[beside] = {told: entry[told] for told in _TOLD if told in entry}


def _at(document: Any, pointer: Any) -> Any:
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        return None
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            document = document.get(key) if isinstance(document, dict) else None
    return document
