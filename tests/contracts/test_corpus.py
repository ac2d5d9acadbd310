"""A folder of cases that a project keeps: judged first on every run, and never written over."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from casavi_contracts.suite.corpus import kept
from casavi_mock.cli.check import check

ONE_CHECK = "accepted-job-ends"

WRONG = '''
from casavi_mock.accounts import Settings
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import MockApp, new_registry

registry = new_registry(Settings.from_profile({}, progress=Progress(progress="immediate")))
registry.create("a-key", Secret("a-secret"))
mock = MockApp(registry)

async def app(scope, receive, send):
    """Loses the last contact of every import."""
    import json

    async def without_the_last():
        message = await receive()
        if scope["type"] == "http" and scope["path"].endswith("/import") and message.get("body"):
            body = json.loads(message["body"])
            body["contacts"] = body.get("contacts", [])[:-1]
            message = {**message, "body": json.dumps(body).encode()}
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
        return message

    await mock(scope, without_the_last, send)
'''

Check = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Runs the checks in a folder that holds a corpus."""
    (tmp_path / "wrong_corpus_app.py").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def run(*options: str) -> Result:
        chosen = ["--replay-dir", "corpus", "--version", "v1", "--seed", "3", "--progress", "immediate"]
        if "--app" in options:
            chosen = chosen[:-2]
        return CliRunner().invoke(check, [*chosen, *options])

    return run


def case(check: str = ONE_CHECK, content: Any = None, **more: Any) -> str:
    """A file of the corpus."""
    told = {
        "check": check,
        "version": "v1",
        "case": content,
        "before": [],
        "seed": 1,
        "maxExamples": None,
        "profile": {},
    }
    return json.dumps({"format": "casavi-check-replay", "formatVersion": 2, **told, **more})


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


CONTACT = {"contacts": [{"id": "A", "lastName": "x"}]}


def test_cases_are_judged_first_and_under_the_names_of_their_files(corpus: Path, run: Check) -> None:
    (corpus / "jobs.json").write_text(case("imported-records-are-stored", CONTACT))
    (corpus / "of-version-2.json").write_text(case("imported-records-are-stored", CONTACT, version="v2"))

    done = run("--only", "imported-records-*", "--max-examples", "1", "--json", "told.json")

    assert done.exit_code == 0, done.output
    checks = {check["check"]: check for check in json.loads(Path("told.json").read_text())["checks"]}
    assert [*checks] == ["jobs.json", "imported-records-are-stored"]
    assert checks["jobs.json"]["cases"] == 1
    assert checks["jobs.json"]["evidence"] == "documented"


def test_a_subject_chooses_the_cases_of_its_checks(corpus: Path) -> None:
    (corpus / "secret.json").write_text(case("wrong-secret-is-refused", "a wildcard"))
    (corpus / "stored.json").write_text(case("imported-records-are-stored", CONTACT))

    assert [task.name for task in kept(corpus, ["v1"], ["credentials-must-match"], ())] == ["secret.json"]


def test_a_case_that_breaks_the_check_again_is_told_with_its_file_and_written_nowhere_else(
    corpus: Path, run: Check
) -> None:
    (corpus / "lost.json").write_text(case("imported-records-are-stored", CONTACT))

    done = run("--only", "imported-records-*", "--app", "wrong_corpus_app", "--json", "told.json")

    assert done.exit_code == 1, done.output
    checks = {check["check"]: check for check in json.loads(Path("told.json").read_text())["checks"]}
    (found,) = checks["lost.json"]["findings"]
    assert checks["lost.json"]["outcome"] == "failed"
    assert found["replay"] == "casavi-mock check --app wrong_corpus_app --replay corpus/lost.json"
    assert "and so lost.json" in " ".join(done.output.split()), "one cause, named by its check"
    assert json.loads((corpus / "lost.json").read_text())["case"] == CONTACT


def test_what_is_found_is_added_and_nothing_is_written_over(corpus: Path, run: Check) -> None:
    kept = case("imported-records-are-stored", {"properties": []})
    (corpus / "imported-records-are-stored-v1.json").write_text(kept)

    done = run("--only", "imported-records-*", "--app", "wrong_corpus_app")

    assert done.exit_code == 1, done.output
    assert (corpus / "imported-records-are-stored-v1.json").read_text() == kept
    assert len([*corpus.iterdir()]) > 1
    again = len([*corpus.iterdir()])
    assert run("--only", "imported-records-*", "--app", "wrong_corpus_app").exit_code == 1
    assert len([*corpus.iterdir()]) == again


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (case("job-that-was-renamed"), "there is no check 'job-that-was-renamed'"),
        (case("wrong-secret-is-refused", ["no such case"]), "wrong-secret-is-refused has no such case any more"),
        (case("lists-can-be-read", {"a": 1}), "lists-can-be-read has no such case any more"),
        (case("page-number-and-link-agree"), "page-number-and-link-agree is not judged in v1"),
        (case(profile={"no-such-guess": 1}), "its profile is impossible"),
        (case(formatVersion=7), "format version 7"),
        ("{", "no JSON"),
        ("[]", "no file of --replay"),
    ],
    ids=["renamed", "no case of a list", "no case at all", "other version", "profile", "format", "no JSON", "no case"],
)
def test_a_stale_file_fails_by_its_name(content: str, said: str, corpus: Path, run: Check) -> None:
    (corpus / "stale.json").write_text(content)

    done = run("--maxfail", "1")

    assert done.exit_code == 1, done.output
    assert "stale.json [v1]" in done.output
    assert said in " ".join(done.output.split()), done.output


def test_a_case_of_another_profile_is_skipped(corpus: Path, run: Check) -> None:
    (corpus / "other.json").write_text(case(profile={"v1-page-size": 30}))

    done = run("--only", ONE_CHECK)

    assert done.exit_code == 0, done.output
    assert "it was found under another profile (--profile)" in done.output


def test_a_folder_that_is_not_there_holds_no_cases(run: Check) -> None:
    assert run("--only", ONE_CHECK).exit_code == 0


def test_without_the_option_nothing_is_judged_first(corpus: Path, run: Check, tmp_path: Path) -> None:
    corpus.rename(tmp_path / "casavi-check-replays")
    (tmp_path / "casavi-check-replays" / "stale.json").write_text("{")

    done = CliRunner().invoke(check, ["--only", ONE_CHECK, "--version", "v1", "--progress", "immediate"])

    assert done.exit_code == 0, done.output
