"""What a job says about the records that were refused, and what it warns of."""

from typing import Any

from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import Edit, change, edits, on, put, text

JOB = on("getJob").good()


def _errors(edit: Any) -> Edit:
    return change("errors", edit)


def _missing(edit: Any) -> Edit:
    return change("errors/*/missing", lambda missing: edit(missing) if missing else missing)


def _shifted(pointer: str) -> str:
    return "/".join(str(int(part) + 1) if part.isdigit() else part for part in pointer.split("/"))


def _unescaped(pointer: str) -> str:
    return pointer.replace("~1", "/").replace("~0", "~")


def _swallowed(job: Any) -> Any:
    """A record that was refused is counted as created, and nothing is said of it."""
    counts = {
        kind: {**numbers, "created": numbers["created"] + numbers["refused"], "refused": 0}
        for kind, numbers in job["counts"].items()
    }
    status = "completed" if job["status"] == "failed" else job["status"]
    return {**job, "errors": [], "counts": counts, "status": status}


def _swallow_one(rule: str) -> Edit:
    def edited(job: Any) -> Any:
        counts = {kind: dict(numbers) for kind, numbers in job["counts"].items()}
        for error in job["errors"]:
            if error["rule"] == rule:
                counts[error["entity"]]["refused"] -= 1
                counts[error["entity"]]["created"] += 1
        errors = [error for error in job["errors"] if error["rule"] != rule]
        status = "completed" if job["status"] == "failed" and not errors else job["status"]
        return {**job, "errors": errors, "counts": counts, "status": status}

    return edited


MUTANTS = (
    mutant(
        "errors-dropped",
        "Refused records are counted, but nothing is said of them.",
        JOB.answer(put("errors", [])),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "errors-cut-to-one",
        "Of several refused records only the first is named.",
        JOB.answer(_errors(lambda es: es[:1])),
        check="duplicate-ids-are-refused",
    ),
    mutant(
        "errors-last-one-lost",
        "The last refused record is not named.",
        JOB.answer(_errors(lambda es: es[:-1])),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "errors-twice",
        "Every refused record is named twice.",
        JOB.answer(_errors(lambda es: es + es)),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "errors-swallowed",
        "Refused records are said to be created.",
        JOB.answer(_swallowed),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "errors-of-references-swallowed",
        "Records whose reference leads nowhere are said to be created.",
        JOB.answer(_swallow_one("missing-reference")),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "errors-of-parents-swallowed",
        "Records inside a refused one are said to be created.",
        JOB.answer(_swallow_one("refused-parent")),
        check="refused-parent-names-the-root",
    ),
    mutant(
        "errors-of-refused-references-swallowed",
        "Records that name a refused one are said to be created.",
        JOB.answer(_swallow_one("refused-reference")),
        check="refused-reference-names-the-root",
    ),
    mutant(
        "errors-of-duplicates-swallowed",
        "Records whose id came twice are said to be created.",
        JOB.answer(_swallow_one("duplicate-id")),
        check="duplicate-ids-are-refused",
    ),
    mutant(
        "errors-of-periods-swallowed",
        "Contracts that end before they start are said to be created.",
        JOB.answer(_swallow_one("contract-period-invalid")),
        check="contract-must-not-end-before-it-starts",
    ),
    mutant(
        "errors-of-content-swallowed",
        "Documents whose content is no base64 are said to be created.",
        JOB.answer(_swallow_one("document-content-invalid")),
        check="content-of-a-document-is-base64",
    ),
    mutant(
        "error-invented",
        "A job without errors has one for its first contact.",
        JOB.answering(lambda job: not job["errors"]).answer(
            put(
                "errors",
                [
                    {
                        "entity": "contacts",
                        "id": "C-0",
                        "pointer": "/contacts/0",
                        "rule": "missing-reference",
                        "evidence": "documented",
                        "message": "It is missing.",
                        "missing": None,
                    }
                ],
            )
        ),
        check="job-counts-every-record",
    ),
    mutant(
        "error-pointer-counted-from-one",
        "Pointers of errors count from 1.",
        JOB.answer(change("errors/*/pointer", _shifted)),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-pointer-to-the-record",
        "Pointers of errors end at the record and not at the field.",
        JOB.answer(change("errors/*/pointer", lambda p: p.rpartition("/")[0])),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-pointer-empty",
        "Errors have an empty pointer.",
        JOB.answer(put("errors/*/pointer", "")),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-pointer-a-path",
        "Pointers of errors are written with dots.",
        JOB.answer(change("errors/*/pointer", lambda p: "$" + p.replace("/", "."))),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-pointer-a-fragment",
        "Pointers of errors begin with a hash.",
        JOB.answer(change("errors/*/pointer", lambda p: f"#{p}")),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-pointers-swapped",
        "Pointers of errors stand beside the wrong records.",
        JOB.answer(_errors(lambda es: [{**e, "pointer": es[-n]["pointer"]} for n, e in enumerate(es, 1)])),
        check="refused-parent-names-the-root",
    ),
    mutant(
        "error-names-another-record",
        "An error names the missing record in place of the refused one.",
        JOB.answer(change("errors/*", lambda e: {**e, "id": e["missing"]["id"] if e["missing"] else e["id"]})),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-id-lower-case",
        "Ids in errors are written in lower case.",
        JOB.answer(change("errors/*/id", text(str.lower))),
        check="duplicate-ids-are-refused",
    ),
    mutant(
        "error-id-null",
        "Errors do not say which record was refused.",
        JOB.answer(put("errors/*/id", None)),
        check="duplicate-ids-are-refused",
    ),
    mutant(
        "error-kind-wrong",
        "Errors call every record a contact.",
        JOB.answer(put("errors/*/entity", "contacts")),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-kind-in-singular",
        "Errors name the kind of a record in the singular.",
        JOB.answer(change("errors/*/entity", lambda k: k.removesuffix("s"))),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-rule-general",
        "Errors name the same rule whatever it was.",
        JOB.answer(put("errors/*/rule", "invalid-record")),
        check="duplicate-ids-are-refused",
    ),
    mutant(
        "error-rule-other",
        "Errors name another rule than the one that was violated.",
        JOB.answer(
            change("errors/*/rule", lambda r: "duplicate-id" if r == "missing-reference" else "missing-reference")
        ),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-rule-nearest",
        "Records inside a refused one are said to miss a reference.",
        JOB.answer(
            change(
                "errors/*/rule", lambda r: "missing-reference" if r in ("refused-parent", "refused-reference") else r
            )
        ),
        check="refused-parent-names-the-root",
    ),
    mutant(
        "error-evidence-raised",
        "Errors claim that every rule is documented.",
        JOB.answer(put("errors/*/evidence", "documented")),
        check="duplicate-ids-are-refused",
    ),
    mutant(
        "error-message-empty",
        "Errors have no message.",
        JOB.answer(put("errors/*/message", "")),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-missing-null",
        "Errors do not name the missing record.",
        JOB.answer(put("errors/*/missing", None)),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-missing-itself",
        "Errors name the refused record as the missing one.",
        JOB.answer(
            change("errors/*", lambda e: {**e, "missing": e["missing"] and {"entity": e["entity"], "id": e["id"]}})
        ),
        check="refused-reference-names-the-root",
    ),
    mutant(
        "error-missing-other-kind",
        "Errors name the missing record under another kind.",
        JOB.answer(_missing(lambda m: {**m, "entity": "properties" if m["entity"] == "contacts" else "contacts"})),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-missing-id-trimmed",
        "Errors name the missing record without its last character.",
        JOB.answer(_missing(lambda m: {**m, "id": m["id"] and m["id"][:-1]})),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "error-missing-a-text",
        "Errors name the missing record as a text.",
        JOB.answer(_missing(lambda m: f"{m['entity']}/{m['id']}")),
        check="child-before-parent-is-refused-and-named",
    ),
    mutant(
        "warnings-dropped",
        "Fields that the contract does not know are left out silently.",
        JOB.answer(put("warnings", [])),
        check="unknown-fields-are-reported-and-kept-out",
    ),
    mutant(
        "warning-counts-once",
        "A warning counts one occurrence, however many there are.",
        JOB.answer(put("warnings/*/count", 1)),
        check="every-unknown-field-is-counted",
    ),
    mutant(
        "warning-counts-one-more",
        "A warning counts one occurrence too many.",
        JOB.answer(change("warnings/*/count", lambda n: n + 1)),
        check="unknown-fields-are-reported-and-kept-out",
    ),
    mutant(
        "warning-pointer-wrong",
        "A warning points at the next record.",
        JOB.answer(change("warnings/*/pointer", _shifted)),
        check="unknown-fields-are-reported-and-kept-out",
    ),
    mutant(
        "warning-pointer-not-escaped",
        "A warning does not escape the name of the field.",
        JOB.answer(change("warnings/*/pointer", _unescaped)),
        check="every-unknown-field-is-counted",
    ),
    mutant(
        "warning-rule-other",
        "A warning names another rule.",
        JOB.answer(put("warnings/*/rule", "schema-violation")),
        check="unknown-fields-are-reported-and-kept-out",
    ),
    mutant(
        "warning-invented",
        "A job without warnings has one.",
        JOB.answering(lambda job: not job["warnings"]).answer(
            put(
                "warnings",
                [{"pointer": "/contacts/0/x", "rule": "unknown-field", "message": "It is unknown.", "count": 1}],
            )
        ),
        check="job-counts-every-record",
    ),
    mutant(
        "warning-is-an-error",
        "A field that the contract does not know makes the job fail.",
        JOB.answering(lambda job: bool(job["warnings"])).answer(edits(put("status", "failed"))),
        check="unknown-fields-are-reported-and-kept-out",
    ),
)
