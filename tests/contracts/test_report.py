"""What is told of a run: in the terminal, as JUnit XML, JSON and a page."""

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from rich.console import Console

from casavi_contracts.contract import Contract
from casavi_contracts.coverage import Coverage
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.http.exchange import Exchange
from casavi_contracts.outcome import Finding, Outcome, Result
from casavi_contracts.report import Promise, Report, Results, Timings, files, progress, replay, terminal
from casavi_contracts.report import report as report_module
from casavi_contracts.report.document import document
from casavi_contracts.report.junit import junit
from casavi_contracts.report.page import page
from casavi_contracts.report.results import sameness

SCHEMA = json.loads(Path(report_module.__file__).with_name("report.schema.json").read_text())
CONTRACTS = {"v1": Contract("v1")}
HOSTILE = "<script>alert(1)</script>\x1b[31m\x00\ud800 & \"'"


def promise(name: str, evidence: str = "documented", **more: Any) -> Promise:
    return Promise(name, "v1", f"The sentence of {name}.", evidence, more.pop("group", "jobs"), **more)


def finding(check: str, evidence: str = "documented", **more: Any) -> Finding:
    told: dict[str, Any] = {"expected": f"what {check} wants", "observed": "something else", "case": {"n": 1}}
    told |= {"assumption": "upsert" if evidence == "assumed" else None, "profile": None, "seen_by": check} | more
    return Finding(check=check, version="v1", evidence=evidence, **told)


def result(check: str, outcome: Outcome, *findings: Finding, **more: Any) -> Result:
    more = {"examples": 3, "requests": 7, "seconds": 0.5} | more
    return Result(check, "v1", outcome, "documented", findings, **more)


def exchange(number: int = 1, **more: Any) -> Exchange:
    told: dict[str, Any] = {"request_body": "asked", "response_body": "said", "path": "/jobs/1"} | more
    return Exchange(
        number=number, method="GET", operation="getJob", version="v1", request_headers={"token": "[secret]"}, status=200,
        response_headers={}, seconds=0.1, purpose="a-check", **told,
    )  # fmt: skip


def report(promises: Sequence[Promise], outcomes: Sequence[Result], **more: Any) -> Report:
    results = Results(promises)
    for one in outcomes:
        results.add(one)
    more = {
        "target": "the mock",
        "versions": ("v1",),
        "started_at": "2026-01-05T08:00:00+00:00",
        "command": "again",
    } | more
    return Report(results=results, coverage=Coverage(CONTRACTS), timings=Timings(lambda: 0.0), **more)


def all_outcomes(**more: Any) -> Report:
    """A run in which everything has happened."""
    guess = finding(
        "guessed", "assumed", assumption="job-id-field", profile='job-id-field = "id"', exchanges=(exchange(),)
    )
    broken = finding("promised", seen_by="guessed", case=HOSTILE, observed=HOSTILE, exchanges=(exchange(2),))
    names = ("kept", "guessed", "stuck", "elsewhere", "promised")
    results = [
        result("kept", Outcome.PASSED, states=frozenset({"waiting", "odd"})),
        result("guessed", Outcome.REFUTED, guess, broken),
        result("stuck", Outcome.BLOCKED, reason="a step that it needs breaks promised"),
        result("elsewhere", Outcome.SKIPPED, reason="the target lacks two accounts"),
        result("promised", Outcome.PASSED),
    ]
    return report([promise(name) for name in names], results, **more)


def printed(of: Report, width: int = 100) -> str:
    out = io.StringIO()
    terminal.print_report(of, Console(file=out, width=width, force_terminal=True, color_system=None, highlight=False))
    return out.getvalue()


# Whose finding it is, and what comes of the run.


def test_a_finding_counts_for_the_check_that_it_names() -> None:
    results = all_outcomes().results

    assert [(row.promise.name, row.outcome) for row in results.rows()] == [
        ("promised", Outcome.FAILED),
        ("guessed", Outcome.REFUTED),
        ("stuck", Outcome.BLOCKED),
        ("elsewhere", Outcome.SKIPPED),
        ("kept", Outcome.PASSED),
    ]


def test_a_finding_of_a_check_that_was_not_asked_for_is_shown_all_the_same() -> None:
    of = report([promise("a")], [result("a", Outcome.BLOCKED, finding("b", seen_by="a"), reason="b")])

    row = of.results.row("b", "v1")
    assert row is not None
    assert row.outcome is Outcome.FAILED
    assert "b [v1]" in printed(of)


def test_a_refuted_assumption_does_not_hide_a_broken_promise_of_the_same_check() -> None:
    guess, broken = finding("a", "assumed", assumption="upsert"), finding("a", "inferred")
    of = report([promise("a")], [result("a", Outcome.REFUTED, guess, broken)], tolerate=True)

    (row,) = of.results.rows()
    assert (row.outcome, row.findings) == (Outcome.FAILED, [broken, guess])
    assert of.exit_code == 1


@pytest.mark.parametrize(
    ("outcome", "strict", "tolerant"),
    [
        (Outcome.PASSED, 0, 0),
        (Outcome.FAILED, 1, 1),
        (Outcome.REFUTED, 1, 0),
        (Outcome.BLOCKED, 1, 1),
        (Outcome.SKIPPED, 0, 0),
    ],
)
def test_exit_code_of_a_result(outcome: Outcome, strict: int, tolerant: int) -> None:
    evidence = {Outcome.FAILED: "inferred", Outcome.REFUTED: "assumed"}.get(outcome)
    findings = [finding("a", evidence)] if evidence else []
    results = [result("a", outcome, *findings, reason="" if findings else "why")]

    assert report([promise("a")], results).exit_code == strict
    assert report([promise("a")], results, tolerate=True).exit_code == tolerant


HELD, FOUND = result("a", Outcome.PASSED), result("a", Outcome.FAILED, finding("a"))


@pytest.mark.parametrize(
    ("results", "gone", "code", "outcome"),
    [
        ([], False, 2, "could not run"),  # the budget was spent at once
        ([], True, 2, "could not run"),  # there was no target
        ([HELD], False, 1, "blocked"),  # the budget was spent midway: the rest is not judged
        ([HELD], True, 2, "could not run"),  # the target went away
        ([FOUND], True, 1, "failed"),  # but not before it had broken a check
    ],
)
def test_exit_code_of_a_run_that_ended_early(results: list[Result], gone: bool, code: int, outcome: str) -> None:
    of = report([promise("a"), promise("b")], results, stopped="something", gone=gone)

    assert (of.exit_code, of.outcome) == (code, outcome)


def test_a_plan_is_no_result() -> None:
    of = report([promise("a")], [result("a", Outcome.BLOCKED, reason="no consent")], planned=True)

    assert (of.exit_code, of.outcome) == (0, "planned")
    assert "nothing was judged" in printed(of)


# For people.


def test_what_is_wrong_comes_first() -> None:
    text = printed(all_outcomes())
    titles = [
        "Failed: promises",
        "Refuted: guesses",
        "Blocked",
        "Skipped",
        "Passed",
        "Where the time",
        "What of the",
    ]

    assert sorted(titles, key=text.index) == titles
    assert (
        printed(all_outcomes(), 200)
        .rstrip()
        .splitlines()[-1]
        .startswith("Of 5 checks: 1 passed, 1 failed, 1 refuted, 1 blocked")
    )


def test_a_refuted_assumption_tells_what_would_make_the_mock_behave_so() -> None:
    text = printed(all_outcomes())

    assert "observed something else" in text
    assert 'job-id-field = "id"' in text
    assert "rests on the assumption job-id-field" in text


def test_a_finding_tells_who_saw_it_and_how_to_see_it_again() -> None:
    of = all_outcomes()
    row = of.results.row("promised", "v1")
    assert row is not None
    of.replays[sameness(row.findings[0])] = "folder/guessed-breaks-promised-v1.json"
    text = printed(of)

    assert "seen by  guessed" in text
    assert "again:  again folder/guessed-breaks-promised-v1.json" in text
    assert "GET /jobs/1 -> 200" in text


def test_what_many_checks_stumble_over_is_told_once() -> None:
    names = [f"check-{n}" for n in range(5)]
    results = [
        result(name, Outcome.BLOCKED, finding("a", seen_by=name, case={"of": name}), reason="a") for name in names
    ]
    of = report([promise(name) for name in ("a", *names)], results)
    row = of.results.row("a", "v1")

    assert row is not None
    assert [one.case for one in row.findings] == [{"of": "check-0"}]
    assert "seen by  check-0, check-1, check-2 and 2 more" in printed(of)


def test_the_lines_of_a_profile_are_told_together() -> None:
    one = finding("a", "assumed", assumption="upsert", profile='upsert = "replace"')
    other = finding("a", "assumed", assumption="sort-order", observed="x", profile='sort-order = "id"')
    lost = result("b", Outcome.BLOCKED, reason="a")
    text = printed(report([promise("a"), promise("b")], [result("a", Outcome.REFUTED, one, other), lost]))

    assert '  [assumptions]\n  upsert = "replace"\n  sort-order = "id"\n' in text
    assert "to judge what is blocked too (1)." in text


def test_reasons_are_told_once() -> None:
    names = [f"check-{n}" for n in range(9)]
    results = [result(name, Outcome.BLOCKED, reason="one and the same") for name in names]
    text = printed(report([promise(name) for name in names], results))

    assert text.count("one and the same") == 1
    assert "check-0 [v1], check-1 [v1], check-2 [v1] and 6 more" in text


def test_nothing_that_came_from_the_target_steers_the_terminal() -> None:
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", printed(all_outcomes())) is None


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit_the_terminal(width: int) -> None:
    assert max(map(len, printed(all_outcomes(), width).splitlines())) <= width


def test_cases_and_bodies_are_cut() -> None:
    long = finding("a", case="x" * 10_000, exchanges=tuple(exchange(n, response_body="y" * 10_000) for n in range(50)))
    text = printed(report([promise("a")], [result("a", Outcome.FAILED, long)]))

    assert len(text) < 10_000


def test_the_listing_names_each_check_once() -> None:
    out = io.StringIO()
    promises = [promise("a"), Promise("a", "v2", "The sentence of a.", "assumed", "jobs"), promise("b", group="pages")]
    Console(file=out, width=80, color_system=None).print(terminal.listing(promises))

    assert out.getvalue().count("The sentence of a.") == 1
    assert "a  (v1 documented, v2 assumed)" in out.getvalue()


# Progress.


def progress_of(terminal_width: int | None) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=100, force_terminal=terminal_width is not None, color_system=None, highlight=False
    )
    of = all_outcomes()
    with progress.watcher(console, 2, plain=terminal_width is None) as watching:
        for name in ("kept", "guessed"):
            watching.begin(name, "v1")
            row = of.results.row(name, "v1")
            assert row is not None
            watching.end(row, 10)
    return out.getvalue()


def test_a_log_gets_ten_lines_however_many_checks_there_are() -> None:
    out, of = io.StringIO(), all_outcomes()
    row = of.results.row("guessed", "v1")
    assert row is not None
    watching = progress.watcher(Console(file=out, width=100), 285, plain=True)
    for number in range(285):
        watching.end(row, number)

    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1] == "285 of 285 checks, 285 of them not passed; 284 requests"


def test_a_quiet_run_says_nothing_while_it_goes_on() -> None:
    out = io.StringIO()
    watching = progress.watcher(Console(file=out), 10, plain=True, quiet=True)
    for row in all_outcomes().results:
        watching.end(row, 1)

    assert out.getvalue() == ""


def test_a_terminal_gets_a_bar_and_what_is_wrong_above_it() -> None:
    text = progress_of(100)

    assert "2/2" in text
    assert "guessed [v1]: refuted" in text
    assert "kept [v1]: passed" not in text


# JSON.


@pytest.mark.parametrize(
    "of",
    [all_outcomes(), report([promise("a")], [], stopped="gone", gone=True), report([promise("a")], [], planned=True)],
    ids=["judged", "could not run", "planned"],
)
def test_json_is_as_its_schema_says(of: Report) -> None:
    jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True).validate(document(of))


def test_json_tells_all(tmp_path: Path) -> None:
    files.write(all_outcomes(), junit=None, json=tmp_path / "a.json", html=None)
    told = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))

    broken, refuted = told["checks"][:2]
    assert (told["outcome"], told["exitCode"]) == ("failed", 1)
    assert told["counts"] == {
        "passed": 1, "failed": 1, "refuted": 1, "blocked": 1, "skipped": 1,
    }  # fmt: skip
    assert (broken["check"], broken["findings"][0]["seenBy"]) == ("promised", ["guessed"])
    assert refuted["findings"][0]["profile"] == 'job-id-field = "id"'
    states = {one["state"]: one["checks"] for one in told["coverage"]["jobStates"]}
    assert states == {"waiting": ["kept"], "active": [], "completed": [], "failed": [], "odd": ["kept"]}


# JUnit.


def cases(of: Report) -> dict[str, ET.Element]:
    root = ET.fromstring(junit(of))
    return {case.get("name", ""): case for case in root.iter("testcase")}


def test_junit_tells_results_apart() -> None:
    found = cases(all_outcomes())
    kinds = {
        name: [(child.tag, child.get("type")) for child in case if child.tag != "properties"]
        for name, case in found.items()
    }

    assert kinds == {
        "kept[v1]": [],
        "guessed[v1]": [("failure", "refuted")],
        "stuck[v1]": [("error", "blocked")],
        "elsewhere[v1]": [("skipped", None)],
        "promised[v1]": [("failure", "failed")],
    }


def test_junit_carries_check_evidence_and_result() -> None:
    properties = {one.get("name"): one.get("value") for one in cases(all_outcomes())["guessed[v1]"].iter("property")}

    assert properties == {
        "check": "guessed", "version": "v1", "evidence": "documented", "outcome": "refuted",
    }  # fmt: skip


def test_junit_counts_right() -> None:
    suite = ET.fromstring(junit(all_outcomes()))[0]

    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5", "failures": "2", "errors": "1", "skipped": "1",
    }  # fmt: skip


def test_junit_skips_a_tolerated_assumption() -> None:
    case = cases(all_outcomes(tolerate=True))["guessed[v1]"]

    assert case.find("failure") is None
    skipped = case.find("skipped")
    assert skipped is not None
    assert "refuted: expected" in (skipped.get("message") or "")


def test_junit_has_an_error_if_nothing_could_be_judged() -> None:
    of = report([promise("a")], [], stopped="no connection", gone=True)
    error = cases(of)["run"].find("error")

    assert error is not None
    assert error.get("message") == "no connection"


# The page.


def test_page_shows_what_came_as_text_and_needs_nothing_else() -> None:
    text = page(all_outcomes())

    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert re.findall(r"(?:src|href|url)\s*[=(]", text) == []
    assert "Content-Security-Policy" in text


def test_page_has_every_check() -> None:
    text = page(all_outcomes())

    assert all(f"<code>{name}</code>" in text for name in ("kept", "guessed", "stuck", "elsewhere", "promised"))
    assert text.index("Failed: promises") < text.index("Refuted: guesses") < text.index("Blocked")


# Files.


def test_a_report_that_cannot_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="folder is missing"):
        files.check_writable(None, tmp_path / "no" / "a.xml")
    with pytest.raises(CouldNotRun, match="is a folder"):
        files.check_writable(tmp_path)
    files.check_writable(tmp_path / "a.xml")


# Cases that are judged again.


WRONG_CHECK = {"check": 7, "version": "v1", "before": [], "seed": 1, "maxExamples": None, "profile": {}}


def write(folder: Path, of: Finding, **more: Any) -> Path:
    options: dict[str, Any] = {"seed": 7, "max_examples": None, "profile": {"upsert": "replace"}, "redact": str}
    return replay.write(folder, of, **(options | more))


def test_a_case_comes_back_as_it_was(tmp_path: Path) -> None:
    case = {"email": "a@b.c", "key": "kept", "text": "\x00\ud800 ä 😀", "numbers": [1, 1.5, 10**20, True, None]}
    path = write(tmp_path / "new" / "folder", finding("a", case=case))
    again = replay.read(path)

    assert path.name == "a-v1.json"
    assert (again.check, again.version, again.case, again.seed) == ("a", "v1", case, 7)
    assert again.profile == {"upsert": "replace"}


def test_a_case_that_broke_another_check_is_judged_by_the_one_that_saw_it(tmp_path: Path) -> None:
    path = write(tmp_path, finding("promised", seen_by="guessed"))

    assert path.name == "guessed-breaks-promised-v1.json"
    assert replay.read(path).check == "guessed"


def test_two_findings_of_one_check_get_a_file_each(tmp_path: Path) -> None:
    first = write(tmp_path, finding("a", case=1))
    second = write(tmp_path, finding("a", case=2), taken=[str(first)])

    assert (first.name, second.name) == ("a-v1.json", "a-v1-2.json")
    assert (replay.read(first).case, replay.read(second).case) == (1, 2)


def test_what_was_sent_for_other_checks_is_sent_again_before(tmp_path: Path) -> None:
    assert replay.read(write(tmp_path, finding("last", exchanges=(exchange(),)))).before == ("a-check",)


def test_no_secret_is_in_a_case(tmp_path: Path) -> None:
    path = write(
        tmp_path, finding("a", case={"hunter2": ["x hunter2"]}), redact=lambda text: text.replace("hunter2", "[secret]")
    )

    assert "hunter2" not in path.read_text()


def test_names_of_checks_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    assert write(tmp_path, finding("../../x", seen_by="../y")).parent == tmp_path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no file of --replay"),
        ('{"format": "casavi-check-replay", "formatVersion": 3}', "format version 3"),
        ('{"format": "casavi-check-replay", "formatVersion": 2, "check": "a"}', "is a required property"),
        (
            json.dumps({"format": "casavi-check-replay", "formatVersion": 2, "case": 1} | WRONG_CHECK),
            'not of type "string"',
        ),
    ],
)
def test_a_file_that_holds_no_case_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "case.json"
    path.write_text(content)

    with pytest.raises(CouldNotRun, match=said):
        replay.read(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="No such file"):
        replay.read(tmp_path / "none.json")
