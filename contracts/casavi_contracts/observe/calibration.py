"""Reads all files that a user gives, and says of each assumption what they say."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from casavi_contracts import spec
from casavi_contracts.observe import files, observed, roles, said, wanted
from casavi_contracts.observe.calls import Reader, Traffic, in_time
from casavi_contracts.observe.document import VendorDocument
from casavi_contracts.observe.extras import Extra, common_fields, extras
from casavi_contracts.observe.files import UnreadableError
from casavi_contracts.observe.har import ArchiveError, read_archive
from casavi_contracts.observe.seen_jobs import Duration, durations, jobs_of, states_seen
from casavi_contracts.observe.seen_tokens import name_accounts
from casavi_contracts.observe.sights import NARROWED, OBSERVED, REFUTED, UNSEEN, Finding, Sight, settle
from casavi_contracts.observe.vocabulary import Vocabulary

_MAX_FILES = 100

_PARTS = {
    "job-object": "job",
    "job-status-names": "job",
    "job-id-field": "job id",
    "required-fields": "required",
    "v2-contact-fields": "fields of ContactV2",
    "v2-unit-fields": "fields of UnitV2",
}
"""Parts of the overlay by the assumptions that they speak about."""


class IncomparableError(ValueError):
    """No file says anything about casavi's API; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the contract that was seen."""

    pointer: str
    kind: str
    count: int
    first: Any
    last: Any
    sources: tuple[str, ...]


@dataclass(slots=True)
class Calibration:
    """What files say."""

    ours: dict[str, Any]
    """The value of each assumption until now."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """Those of them that were given."""
    actions: list[dict[str, Any]] = field(default_factory=list)
    """Of the overlay: those that were there, and new ones."""
    before: dict[str, Any] = field(default_factory=dict)
    """The evidence that was there."""
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    shaped: list[str] = field(default_factory=list)
    """What the overlay changes: `job`, `errors`, `required`, `job id`."""
    findings: list[Finding] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    durations: list[Duration] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def by_verdict(self, verdict: str) -> list[Finding]:
        """Returns the findings with a verdict."""
        return [finding for finding in self.findings if finding.verdict == verdict]

    @property
    def refuted(self) -> bool:
        """Whether anything is not as it is taken until now."""
        return bool(self.by_verdict(REFUTED) or self.by_verdict(NARROWED))

    def followed(self, finding: Finding) -> bool:
        """Whether a mock with the result behaves as was seen of a refuted guess: by a value, or by the overlay."""
        return finding.expressible or _PARTS.get(finding.name) in self.shaped

    def changed(self) -> dict[str, Any]:
        """Returns what a profile has to say to behave as was seen: what was overridden already, and what is new."""
        new = {finding.name: finding.theirs for finding in self.by_verdict(REFUTED) if finding.expressible}
        return self.overrides | new


def calibrate(
    paths: Sequence[Path],
    overrides: Mapping[str, Any],
    overlay: Mapping[str, Any] | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Calibration:
    """Returns what files say about every assumption.

    Args:
        paths: OpenAPI documents and recorded traffic, in any order.
        overrides: Values of assumptions that are taken already.
        overlay: The overlay that is taken already.
        evidence: What was observed before.

    Raises:
        UnreadableError: A file cannot be read as what it is.
        IncomparableError: No file says anything about this API.
        casavi_contracts.spec.ProfileError: An override is impossible.
    """
    if len(paths) > _MAX_FILES:
        raise UnreadableError(f"{len(paths)} files are more than the {_MAX_FILES} that are read at once")
    register = spec.assumptions(spec.load_document())
    result, words = begin(overrides, overlay, evidence)
    seen: list[Sight] = []
    unlike: list[str] = []
    traffic = Traffic()
    for path, name in _named(paths).items():
        if files.is_archive(path):
            comparable_here = _take_archive(path, name, traffic, result) > 0
        else:
            found = _of_document(path, name, words, result)
            seen += found or ()
            comparable_here = found is not None
        (result.sources if comparable_here else unlike).append(name)
    if not result.sources:
        raise IncomparableError(
            f"{', '.join(unlike)}: nothing comparable; no log-in at /authenticate, no import of contacts and "
            "properties and no header `token`, so this is no API of casavi"
        )
    seen += _of_traffic(traffic, words, result)
    result.notes += [f"{name}: nothing comparable in it; it was left out" for name in unlike]
    result.findings = settle(register, result.ours, by_overlay(seen, words, result.ours))
    settle_overlay(result)
    if len(result.by_verdict(UNSEEN)) == len(result.findings):
        raise IncomparableError(f"{', '.join(result.sources)}: nothing in it speaks about any of the assumptions")
    return result


def _named(paths: Sequence[Path]) -> dict[Path, str]:
    """Returns what each file is called; each file once, and two of the same name by their folders too."""
    unique = {path.resolve(): path for path in paths}
    names = Counter(path.name for path in unique.values())
    return {path: path.name if names[path.name] == 1 else str(path) for path in unique.values()}


def by_overlay(seen: Iterable[Sight], words: Vocabulary, ours: Mapping[str, Any]) -> Iterator[Sight]:
    """Yields what was seen; what an overlay has said already counts as the value that is taken."""
    for sight in seen:
        known = sight.name == "job-id-field" and sight.value == words.job_id_path()
        yield replace(sight, value=ours[sight.name]) if known else sight


def begin(
    overrides: Mapping[str, Any], overlay: Mapping[str, Any] | None, evidence: Mapping[str, Any] | None
) -> tuple[Calibration, Vocabulary]:
    """Returns a calibration that has read nothing, and what our contract calls things by what is taken already."""
    whole = spec.contract_documents(overrides, overlay)
    first, second = whole.by_version.values()
    result = Calibration(dict(whole.values), dict(overrides), before=dict(evidence or {}))
    result.actions = [*overlay["actions"]] if overlay else []
    return result, Vocabulary(first, second)


def _take_archive(path: Path, name: str, traffic: Traffic, result: Calibration) -> int:
    """Adds the calls of an archive; returns how many there are."""
    try:
        archive = read_archive(path)
    except ArchiveError as error:
        raise UnreadableError(str(error)) from error
    result.notes += [f"{name}: {note}" for note in archive.notes]
    return Reader(traffic).take(archive.exchanges, name)


def _of_traffic(traffic: Traffic, ours: Vocabulary, result: Calibration) -> list[Sight]:
    in_time(traffic)
    name_accounts(traffic)
    jobs = jobs_of(traffic)
    result.durations = durations(jobs)
    result.places += [
        Place(pointer, OBSERVED, each.count, each.first, each.last, each.sources)
        for pointer, each in observed.fields_shown(traffic, ours).items()
    ]
    _take_wanted(result, wanted.of_traffic(traffic, jobs, states_seen(jobs), ours))
    return [*observed.sights(traffic, jobs, ours)]


def _take_wanted(result: Calibration, more: wanted.Wanted) -> None:
    """Adds what an overlay has to do, where no file before has said so."""
    result.notes += more.notes
    for part, actions in more.parts.items():
        result.parts.setdefault(part, actions)


def settle_overlay(result: Calibration) -> None:
    """Puts the actions together, and leaves out those by which the contract would not hold together."""
    for finding in result.by_verdict(REFUTED):
        if finding.name == "job-id-field" and not finding.expressible:
            result.parts["job id"] = wanted.job_id_action(str(finding.theirs), str(finding.ours))
    for part, actions in result.parts.items():
        trial = {"overlay": "1.0.0", "info": {"title": "x", "version": "1"}, "actions": [*result.actions, *actions]}
        try:
            if actions:
                spec.contract_documents(result.changed(), trial)
        except spec.ProfileError as error:
            result.notes.append(f"{part}: the overlay leaves it as it is: {str(error).partition(chr(10))[0]}")
        else:
            result.actions += actions
            result.shaped.append(part)
    _keep_places(result)


def _keep_places(result: Calibration) -> None:
    """Leaves out the places that an overlay has taken away, since a server would not find them."""
    overlay = {"overlay": "1.0.0", "info": {"title": "x", "version": "1"}, "actions": result.actions}
    whole = spec.contract_documents(result.changed(), overlay if result.actions else None)
    known = {
        f"/components/schemas/{name}/properties/{field}"
        for document in whole.by_version.values()
        for name, schema in document["components"]["schemas"].items()
        for field in schema.get("properties", ())
    }
    result.places = [place for place in result.places if place.pointer in known]
    before = result.before.get("places")
    if isinstance(before, list):
        result.before["places"] = [each for each in before if isinstance(each, dict) and each.get("pointer") in known]


def _of_document(path: Path, name: str, ours: Vocabulary, result: Calibration) -> list[Sight] | None:
    """Returns what a document says; None if it is of another API."""
    document = VendorDocument(files.read_document(path), name)
    matched = roles.match(document)
    found = None
    if comparable(document, matched):
        found = [*said.sights(document, matched, ours)]
        result.extras += extras(document, matched, ours)
        _take_wanted(result, wanted.of_document(document, matched, ours))
        result.places += [
            Place(pointer, "vendor-document", 1, None, None, (name,))
            for pointer in dict.fromkeys(common_fields(document, matched, ours))
        ]
    for kind, references in (("out of the file and are not followed", document.foreign), ("nowhere", document.broken)):
        if references:
            result.notes.append(f"{name}: references lead {kind}: {len(references)}, such as {references[0]}")
    return found


def comparable(document: VendorDocument, matched: Sequence[roles.Matched]) -> bool:
    """Whether a document describes this API: by its import, its log-in, or the header that carries the token."""
    if any(each.role == roles.IMPORT for each in matched):
        return True
    if any(each.role == roles.AUTHENTICATE and each.path == "/authenticate" for each in matched):
        return True
    listed = any(each.role in (*roles.LISTS, *roles.LISTS.values(), roles.JOB) for each in matched)
    return listed and _has_token_header(document)


def _has_token_header(document: VendorDocument) -> bool:
    if document.swagger:
        schemes = document.raw.get("securityDefinitions")
    else:
        schemes = document.resolve(document.raw.get("components")).get("securitySchemes")
    for scheme in schemes.values() if isinstance(schemes, Mapping) else ():
        told = document.resolve(scheme)
        if told.get("type") == "apiKey" and told.get("in") == "header" and str(told.get("name")).lower() == "token":
            return True
    return False
