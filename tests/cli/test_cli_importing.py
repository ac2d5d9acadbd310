"""How `casavi-mock import` follows a job, and what it prints of what a server sends."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from casavi_mock.cli import importing
from casavi_mock.cli.importing import pause_seconds
from casavi_mock.cli.options import credentials
from casavi_mock.server.app import system_now
from tests.support.server import Mock
from tests.support.tamper import Request, Response
from tests.support.wrong_servers import serving

Run = Callable[..., Result]

KEY, SECRET, TOKEN = "the-key-of-this-account", "thé-secret-of-this-account", "t0ken-t0ken-t0ken"
ACCOUNT = {"CASAVI_API_KEY": KEY, "CASAVI_API_SECRET": SECRET}
STEERING = "\x1b]0;owned\x07\x9b31m\u202e\u2028[bold]x[/bold][/no]"


def as_json(body: Any, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())


def server(job: Any, refusal: Response | None = None, job_id: str = "job 1/ä?") -> Callable[[Request], Response]:
    """Returns what answers log-in and import, and a job with anything."""

    def answer(asked: Request) -> Response:
        if asked.path == "/authenticate":
            return as_json({"token": TOKEN})
        if asked.path == "/import":
            return refusal or as_json({"jobId": job_id}, 202)
        return job if isinstance(job, Response) else as_json(job)

    return answer


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Lets nobody wait; holds how long the command would have waited."""
    waited: list[float] = []
    monkeypatch.setattr(importing.time, "sleep", waited.append)
    return waited


def test_pauses_grow_from_a_tenth_of_a_second_to_a_second() -> None:
    assert [pause_seconds(look) for look in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert pause_seconds(100_000) == 1.0


def test_a_job_has_ended_when_it_says_when_it_finished(run: Run, pauses: list[float]) -> None:
    with serving(server({"id": "1", "status": "fertig", "finishedAt": "2026-01-05T08:00:00.200Z"})) as (url, asked):
        result = run("import", "-", "--url", url, stdin="{}", **ACCOUNT)

    assert (result.exit_code, result.stdout) == (0, "job 1 fertig\n")
    assert [one.path for one in asked][-1] == "/jobs/job%201%2F%C3%A4%3F"
    assert pauses == [0.1]


def test_the_states_of_another_profile_keep_nobody_waiting(run: Run) -> None:
    """The README's own profile names the states, and the command that imports may not know it."""
    mock = Mock({"job-status-names": ["queued", "running", "done", "failed"]}, "immediate", now=system_now)
    mock.registry.create(*credentials(None, None))
    with mock.listening() as live:
        result = run("import", "-", "--url", live.url, "--timeout", "30", stdin='{"contacts": [{"id": "1"}]}')

    assert (result.exit_code, "done" in result.stdout) == (0, True), result.output


PROFILES = Path(__file__).parents[1] / "profiles"
DANGLING = '{"contacts": [{"id": "1"}], "responsibilities": [{"propertyId": "P", "contactId": "1", "roleName": "R", "roleType": "internal"}]}'


@pytest.fixture
def states(tmp_path: Path) -> Path:
    """A profile with an overlay beside it: another job, other states, other errors."""
    shutil.copy(PROFILES / "states.yaml", tmp_path)
    profile = tmp_path / "states.toml"
    profile.write_text('[assumptions]\nerror-media-type = "application/json"\n[overlay]\nfile = "states.yaml"\n')
    return profile


def test_the_profile_says_where_an_answer_has_what(run: Run, states: Path) -> None:
    """Job id, state, which states are final, counts and refusals are read where the overlay shows them."""
    shapes = yaml.safe_load((states.parent / "states.yaml").read_text())
    mock = Mock({"error-media-type": "application/json"}, "immediate", overlay=shapes, now=system_now)
    mock.registry.create(*credentials(None, None))
    with mock.listening() as live:
        result = run("import", "-", "--url", live.url, "--profile", str(states), stdin=DANGLING)
        wrong = run("import", "-", "--url", live.url, "--profile", str(states), stdin="[]")

    assert result.exit_code == 1, result.output
    lines = result.stdout.splitlines()
    assert lines[0].endswith(" done_with_errors")
    assert lines[2].split() == ["together", "1", "0", "0", "1"]
    assert "propertyId names properties 'P'" in result.stdout
    assert wrong.exit_code == 2
    assert "answered 400: The body: expected object, got array" in wrong.stderr


WRONG_FILES = {
    "no-such.yaml": (None, "No such file"),
    "broken.yaml": ("a: [", "neither YAML nor JSON"),
    "list.yaml": ("[]", "an overlay is an object"),
    "nowhere.yaml": (
        "overlay: 1.0.0\nactions: [{target: $.nowhere, remove: true}]",
        "action 1, target '$.nowhere' matches nothing",
    ),
    "long.yaml": ("#" * 2_000_001, "it is longer than 2 MB"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_an_overlay_that_cannot_be_used_is_told_by_its_file(run: Run, tmp_path: Path, name: str) -> None:
    text, told = WRONG_FILES[name]
    if text is not None:
        (tmp_path / name).write_text(text)
    profile = tmp_path / "profile.toml"
    profile.write_text(f'[overlay]\nfile = "{name}"\n')
    result = run("import", "-", "--profile", str(profile), stdin="{}")

    assert result.exit_code == 2
    assert f"{name}: " in result.stderr
    assert told in " ".join(result.stderr.split())


@pytest.mark.parametrize("table", ["", 'path = "x"', "file = 7", 'file = "a"\nother = 1'])
def test_the_table_of_an_overlay_names_a_file(run: Run, tmp_path: Path, table: str) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(f"[overlay]\n{table}\n")
    result = run("import", "-", "--profile", str(profile), stdin="{}")
    assert result.exit_code == 2
    assert '[overlay] has one setting, file = "…"' in " ".join(result.stderr.split())


def test_a_job_that_does_not_end_is_given_up_in_time(run: Run, pauses: list[float]) -> None:
    with serving(server({"id": "1", "status": f"läuft {TOKEN}{STEERING}"})) as (url, _):
        result = run("import", "-", "--url", url, "--timeout", "0", stdin="{}", **ACCOUNT)

    assert result.exit_code == 2
    assert "is still 'läuft [redacted]" in result.stderr
    assert_harmless(result)


def assert_harmless(result: Result) -> None:
    assert isinstance(result.exception, SystemExit | None), result.exception
    for text in (result.stdout, result.stderr):
        assert not any(secret in text for secret in (KEY, SECRET, TOKEN, ascii(SECRET)[1:-1]))
        assert all(line.isprintable() for line in text.split("\n")), text


JOBS = {
    "texts": {
        "id": STEERING, "status": SECRET, "finishedAt": STEERING, "counts": {STEERING: {"created": STEERING}},
        "errors": [{"pointer": STEERING, "rule": TOKEN, "message": f"{SECRET} {STEERING}"}], "warnings": [{"pointer": KEY}],
    },
    "no objects": {"status": "completed", "counts": [1], "errors": ["text", 7, None], "warnings": {"a": 1}, "progress": 7},
    "nothing": {"finishedAt": True},
    "odd numbers": {"status": "completed", "progress": {"processed": "x", "total": []}, "counts": {"units": 7}},
    "half a character": {"status": "completed", "id": "\ud800", "errors": [{"message": "\udfff"}]},
}  # fmt: skip


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_nothing_that_a_server_sends_is_printed_raw(run: Run, pauses: list[float], job: Any, form: list[str]) -> None:
    with serving(server(job)) as (url, _):
        result = run("import", "-", "--url", url, *form, stdin="{}", **ACCOUNT)

    assert result.exit_code in (0, 1)
    assert_harmless(result)
    if form:
        assert json.loads(result.stdout_bytes).keys() == job.keys()


@pytest.mark.parametrize(
    "body",
    [
        {"detail": f"{TOKEN}{STEERING}{SECRET}"},
        {
            "title": KEY,
            "errors": [{"pointer": STEERING, "message": TOKEN}, {"pointer": 7}, "text"],
            "errorCount": STEERING,
        },
        {"detail": {"deep": [SECRET]}},
        [STEERING],
        STEERING,
    ],
)
def test_no_refusal_is_printed_raw(run: Run, body: Any) -> None:
    with serving(server({}, as_json(body, 400))) as (url, _):
        result = run("import", "-", "--url", url, stdin="{}", **ACCOUNT)

    assert result.exit_code == 2
    assert_harmless(result)


@pytest.mark.parametrize("job", [Response(200, {}, b"no json"), as_json([1]), as_json(None)], ids=repr)
def test_what_is_no_job_is_told(run: Run, pauses: list[float], job: Response) -> None:
    with serving(server(job)) as (url, _):
        result = run("import", "-", "--url", url, stdin="{}", **ACCOUNT)

    assert (result.exit_code, "answered no job" in result.stderr) == (2, True)
    assert_harmless(result)


def test_an_id_of_a_job_is_not_printed_raw(run: Run) -> None:
    with serving(server({}, job_id=f"{STEERING}{TOKEN}")) as (url, _):
        text, as_object = (
            run("import", "-", "--url", url, "--no-wait", *form, stdin="{}", **ACCOUNT) for form in ([], ["--json"])
        )

    assert_harmless(text)
    assert_harmless(as_object)
    assert (text.exit_code, as_object.exit_code) == (0, 0)


@pytest.mark.parametrize(
    "url",
    ["http://[bad", "nonsense", "http://127.0.0.1:99999", "http://a\x1bb", "file:///etc/passwd", "http://ü\udcff"],
)
def test_what_is_no_address_is_told_in_one_line(run: Run, url: str) -> None:
    result = run("import", "-", "--url", url, stdin="{}")

    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (2, True)
    assert "Traceback" not in result.output
