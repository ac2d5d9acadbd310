"""Which actions of an overlay make our documents show what a vendor shows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casavi_contracts.observe import roles
from casavi_contracts.observe.calls import Traffic
from casavi_contracts.observe.document import VendorDocument
from casavi_contracts.observe.forms import Form, of_schema, of_values
from casavi_contracts.observe.jobs import ROLES, named_states, states_by_role
from casavi_contracts.observe.roles import Matched
from casavi_contracts.observe.seen_jobs import Job
from casavi_contracts.observe.shaping import (
    ROLE_STATES,
    Action,
    Shaped,
    accepted,
    empty,
    more_required,
    replacing,
    shape_job,
    shape_page,
    shape_problem,
    shape_token,
)
from casavi_contracts.observe.vocabulary import Vocabulary

_MAX_BODIES = 2_000
_MAX_LISTS = 50
_PAGES = {
    ("contacts", "v1"): ("ContactPageV1", "ContactV1"),
    ("contacts", "v2"): ("ContactPage", "ContactV2"),
    ("units", "v2"): ("UnitPage", "UnitV2"),
    ("properties", "v2"): ("PropertyPage", "Property"),
}
"""Our schemas of a page, and of a record on it."""

_LISTED = {("contacts", "v2"): "ContactV2", ("units", "v2"): "UnitV2"}


@dataclass(slots=True)
class Wanted:
    """What an overlay has to do, by the part of the contract that it changes."""

    parts: dict[str, list[Action]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take(self, part: str, shaped: Shaped | None, name: str) -> None:
        """Adds the form of one of our schemas, and tells what of it stays empty."""
        if shaped is None:
            self.notes.append(f"{part}: the overlay leaves it as it is, since it shows nothing that the mock has")
            return
        self.parts[part] = replacing(name, shaped)
        if shaped.empty:
            self.notes.append(
                f"{part}: the mock has no values for {', '.join(shaped.empty[:8])}; they are null or empty"
            )


def of_document(document: VendorDocument, matched: Sequence[Matched], ours: Vocabulary) -> Wanted:
    """Returns what an overlay has to do to follow a vendor's document."""
    wanted = Wanted()
    for each in matched:
        success = each.operation.success()
        if success is None:
            continue
        if each.role == roles.JOB and "job" not in wanted.parts:
            _take_job(wanted, of_schema(document, success.schema), None, ours)
        elif each.role == roles.IMPORT:
            _take_required(wanted, document, each, ours)
        elif each.role == roles.AUTHENTICATE:
            _take_token(wanted, of_schema(document, success.schema), ours)
        if (each.role, each.version) in _PAGES:
            _take_page(wanted, each.role, each.version, of_schema(document, success.schema), ours)
        if (each.role, each.version) in _LISTED:
            _take_fields(wanted, document, success.schema, _LISTED[each.role, each.version], ours)
    problem = _problem(document, matched)
    if problem is not None:
        _take_problem(wanted, problem, ours)
    return wanted


def of_traffic(traffic: Traffic, jobs: Sequence[Job], states: Mapping[str, Sequence[str]], ours: Vocabulary) -> Wanted:
    """Returns what an overlay has to do to follow what was seen.

    Args:
        traffic: All calls.
        jobs: Those that were asked for.
        states: What their states are called, by role, as far as they were seen.
        ours: Our own contract.
    """
    wanted = Wanted()
    bodies = [call.got for job in jobs for call in job.polls if call.got_whole][:_MAX_BODIES]
    if len(bodies) > 1:
        _take_job(wanted, of_values(bodies), states, ours)
    given = [call.got for call in traffic.by_role(roles.AUTHENTICATE, roles.REFRESH) if call.good and call.got]
    if len(given) > 1:
        _take_token(wanted, of_values(given[:_MAX_LISTS]), ours)
    for role, version in _PAGES:
        lists = [
            call.got for call in traffic.by_role(role, version=version) if call.good and isinstance(call.got, dict)
        ]
        if len(lists) > 1:
            _take_page(wanted, role, version, of_values(lists[:_MAX_LISTS]), ours)
    errors = [
        call.got
        for call in traffic.calls
        if 400 <= call.recorded.status < 500 and isinstance(call.got, dict) and call.got_whole
    ]
    if len(errors) > 1:
        _take_problem(wanted, of_values(errors[:_MAX_BODIES]), ours)
    return wanted


def job_id_action(path: str, known: str) -> list[Action]:
    """Returns the actions by which the import answers its job id under a path of members; none if it does already.

    Args:
        path: Names with dots between them.
        known: What the assumption says.
    """
    return [] if path == known or "." not in path else accepted(path.split("."))


def _take_job(wanted: Wanted, form: Form, seen: Mapping[str, Sequence[str]] | None, ours: Vocabulary) -> None:
    if not form.get("properties"):
        return
    states = _states_of(_enum(form), ours, wanted) if seen is None else _states_seen(seen, ours, wanted)
    if states is None:
        return
    same = {*form["properties"]} == {*ours.fields("Job")}
    if not same or states != ROLE_STATES:
        wanted.take("job", shape_job(form, states), "Job")


def _take_page(wanted: Wanted, role: str, version: str, form: Form, ours: Vocabulary) -> None:
    name, item = _PAGES[role, version]
    if form.get("properties") and {*form["properties"]} != {*ours.fields(name)}:
        wanted.take(f"pages of {role} {version}", shape_page(form, item), name)


def _take_token(wanted: Wanted, form: Form, ours: Vocabulary) -> None:
    names = {*form.get("properties", ())}
    if names and not names <= {*ours.fields("Token")} and "log-in" not in wanted.parts:
        wanted.take("log-in", shape_token(form), "Token")


def _states_of(names: Sequence[str], ours: Vocabulary, wanted: Wanted) -> Any:
    """Returns `x-states` for what an enum lists; None if it is not clear what that is."""
    if not names or {*names} == {*ours.state_names()} or states_by_role(names) is not None:
        return ROLE_STATES
    states = named_states(names)
    if states is None:
        wanted.notes.append(f"states of a job: which of {', '.join(names[:12])} is which is not clear")
    return states


def _states_seen(seen: Mapping[str, Sequence[str]], ours: Vocabulary, wanted: Wanted) -> Any:
    """Returns `x-states` for what was seen; what was not keeps the name that it has here."""
    known = ours.state_names()
    if len(known) != len(ROLES):  # an overlay names them
        return ROLE_STATES if {name for names in seen.values() for name in names} <= {*known} else None
    own = dict(zip(ROLES, known, strict=True))
    missing = [role for role in ROLES if not seen[role]]
    if len(missing) == len(ROLES) or all([*seen[role]] == [own[role]] for role in ROLES if seen[role]):
        return ROLE_STATES
    if not missing and all(len(names) == 1 for names in seen.values()):
        return ROLE_STATES  # the assumption has them all
    if missing:
        wanted.notes.append(f"states of a job: not seen: {', '.join(missing)}; they keep the names that they have here")
    if any(len(names) > 1 for names in seen.values()):
        return named_states([name for role in ROLES for name in (seen[role] or [own[role]])])
    names = {role: next(iter(seen[role]), own[role]) for role in ROLES}
    following = {role: [names[other] for other in others] for role, others in ROLE_STATES.items()}
    return {names[role]: {"role": role, **({"next": after} if after else {})} for role, after in following.items()}


def _enum(form: Form) -> list[str]:
    for name, place in form.get("properties", {}).items():
        if roles.is_state(name) and place.get("enum"):
            return [*place["enum"]]
        inner = _enum(place)
        if inner:
            return inner
    return []


def _problem(document: VendorDocument, matched: Sequence[Matched]) -> Form | None:
    """Returns the form that most errors of a document have; None if none is told."""
    forms: list[tuple[str, Form]] = []
    for each in matched:
        for response in each.operation.responses:
            if 400 <= response.status < 500 and response.schema is not None:
                form = of_schema(document, response.schema)
                if form.get("properties"):
                    forms.append((",".join(sorted(form["properties"])), form))
    if not forms:
        return None
    most = Counter(names for names, _ in forms).most_common(1)[0][0]
    return next(form for names, form in forms if names == most)


def _take_problem(wanted: Wanted, form: Form, ours: Vocabulary) -> None:
    names = {*form.get("properties", ())}
    if names and not names <= {*ours.fields("Problem")}:
        wanted.take("errors", shape_problem(form, ours.fields("Problem")), "Problem")


def _take_required(wanted: Wanted, document: VendorDocument, each: Matched, ours: Vocabulary) -> None:
    actions = [*_required(document, each, ours)]
    if actions:
        wanted.parts["required"] = actions


def _take_fields(wanted: Wanted, document: VendorDocument, answer: Any, name: str, ours: Vocabulary) -> None:
    """Adds members that only the vendor's records have, as null, and takes away those that only ours have."""
    items = next(iter(roles.arrays(document, answer).values()), None)
    theirs = of_schema(document, items).get("properties", {}) if items is not None else {}
    mine = ours.fields(name)
    more = {field: empty(place) for field, place in theirs.items() if field not in mine}
    fewer = [field for field in mine if field not in theirs and field not in ours.required(name)]
    if not theirs or not (more or fewer):
        return
    target = f"$.components.schemas.{name}"
    actions: list[Action] = [{"target": target, "update": {"properties": more}}] if more else []
    actions += [{"target": f"{target}.properties['{field}']", "remove": True} for field in fewer]
    wanted.parts[f"fields of {name}"] = actions
    if more:
        wanted.notes.append(f"{name}: the mock has no values for {', '.join([*more][:8])}; they are null or empty")


def _required(document: VendorDocument, each: Matched, ours: Vocabulary) -> Iterator[Action]:
    for name, schema in ours.shapes_below(document, each.operation.request).items():
        marks = document.flat(schema).get("required")
        more = {*map(str, marks)} - ours.required(name) if isinstance(marks, list) else set()
        known = sorted(more & {*ours.fields(name)})
        if known:
            yield more_required(name, known)
