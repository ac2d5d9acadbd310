"""Options, variables, keys of the project's file, the marker: what they do, and what is refused."""

import re
from pathlib import Path

import pytest

from casavi_mock.domain.violations import RULES
from pytest_casavi.config import CasaviConfig
from pytest_casavi.marks import ARGUMENTS, SIGNATURE
from pytest_casavi.options import OPTIONS
from tests.support.pages import read

PAGE = read("reference/pytest", "how-to/violations")

TRIVIAL = "def test_it(casavi, casavi_config):\n    print('BACKEND', casavi_config.backend)\n    assert casavi.url\n"


def usage_error(outcome: pytest.RunResult) -> str:
    """Returns the line that says what is wrong with the usage, after which nothing ran."""
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in outcome.stderr.lines if line.startswith("ERROR: ")]
    return line.removeprefix("ERROR: ")


# Listings


def test_fixtures_are_explained(project: pytest.Pytester) -> None:
    outcome = project.runpytest_inprocess("--fixtures", "-k", "nothing")
    shown = re.findall(r"(?m)^(\w*casavi\w*)(?: \[(\w+) scope\])? -- .*\n    (.+)$", outcome.stdout.str())
    assert {name: scope for name, scope, _ in shown} == {
        "casavi": "",
        "make_casavi": "",
        "casavi_client": "",
        "casavi_server": "session",
        "casavi_config": "session",
    }
    assert [line for *_, line in shown if not re.fullmatch(r"[A-Z].{20,}\.", line)] == []


def test_the_marker_is_explained(project: pytest.Pytester) -> None:
    outcome = project.runpytest_inprocess("--markers")
    (line,) = [line for line in outcome.stdout.lines if line.startswith("@pytest.mark.casavi(")]
    assert line.startswith(f"@pytest.mark.{SIGNATURE}: what a test wants")
    assert re.findall(r"(\w+)=", SIGNATURE) == list(ARGUMENTS)
    assert [name for name in ARGUMENTS if f"{name}" not in line.partition("): ")[2]] == []


def test_options_are_explained(project: pytest.Pytester) -> None:
    help_text = " ".join(project.runpytest_inprocess("--help").stdout.str().split())
    for option in OPTIONS:
        assert f"{option.flag}={option.metavar}" in help_text
        assert f"[ini: {option.name}; env: {option.variable}]" in help_text


def test_the_page_tells_every_setting() -> None:
    rows = dict(re.findall(r"(?m)^\| `(--casavi[\w-]+)` \| `(CASAVI_\w+)` \| ", PAGE))
    assert rows == {option.flag: option.variable for option in OPTIONS}
    for option in OPTIONS:
        assert f"| `{option.variable}` | `{option.name}` |" in PAGE
    assert [name for name in ARGUMENTS if f"`{name}`" not in PAGE] == []
    assert [name for name in CasaviConfig.__slots__ if f"`{name}`" not in PAGE] == []
    assert re.findall(r"(?m)^\| `([a-z-]+)` \| (error|warning|note) \|", PAGE) == [
        (name, about.severity) for name, about in RULES.items()
    ]


# What they do


@pytest.mark.parametrize(
    ("options", "variable", "key", "expected"),
    [
        (["--casavi-backend=inprocess"], None, None, "inprocess"),
        ([], "inprocess", None, "inprocess"),
        ([], None, "inprocess", "inprocess"),
        (["--casavi-backend=server"], "inprocess", "inprocess", "server"),
        ([], "server", "inprocess", "server"),
        ([], None, None, "server"),
    ],
    ids=["option", "variable", "file", "option first", "variable before file", "default"],
)
def test_precedence(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    variable: str | None,
    key: str | None,
    expected: str,
) -> None:
    project.makepyfile(TRIVIAL)
    if variable:
        monkeypatch.setenv("CASAVI_BACKEND", variable)
    overridden = ["-o", f"casavi_backend={key}"] if key else []
    outcome = project.runpytest_inprocess("-s", *options, *overridden)
    outcome.assert_outcomes(passed=1)
    outcome.stdout.fnmatch_lines([f"*BACKEND {expected}*"])


def test_the_address_that_clients_read_chooses_no_backend(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASAVI_URL", "http://127.0.0.1:9")
    project.makepyfile(TRIVIAL)
    project.runpytest_inprocess("-s").stdout.fnmatch_lines(["*BACKEND server*"])


@pytest.mark.parametrize("scope", ["session", "module", "function"])
def test_the_configuration_can_be_overridden(project: pytest.Pytester, scope: str) -> None:
    project.makepyfile(
        test_a=f"""
        import dataclasses
        import pytest

        @pytest.fixture(scope="{scope}")
        def casavi_config(casavi_config):
            assumptions = {{"token-lifetime-days": 1}}
            return dataclasses.replace(casavi_config, progress="manual", polls=0, assumptions=assumptions)

        def test_one(casavi, casavi_client):
            assert casavi.queue.progress == "manual"
            casavi.clock.advance(days=2)
            assert casavi_client.get("/contacts").status_code == 401

        @pytest.mark.casavi(polls=1)
        def test_two(casavi, casavi_client):
            assert casavi.queue.progress == "manual"
            job = casavi_client.post("/import", json={{"contacts": [{{"id": "C-1", "lastName": "x"}}]}}).json()["jobId"]
            assert [casavi_client.get(f"/jobs/{{job}}").json()["status"]] == ["waiting"]
            casavi.clock.advance(seconds=2)
            assert [casavi_client.get(f"/jobs/{{job}}").json()["status"]] == ["active"]
            casavi.clock.advance(seconds=2)
            assert [casavi_client.get(f"/jobs/{{job}}").json()["status"]] == ["completed"]
        """,
        test_b="""
        def test_three(casavi, casavi_client, casavi_server):
            assert casavi.url == casavi_server.url
            assert casavi.queue.progress == "immediate"
            casavi.clock.advance(days=2)
            assert casavi_client.get("/contacts").status_code == 200
        """,
    )
    project.runpytest_inprocess().assert_outcomes(passed=3)


def test_marks_of_function_class_and_module(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from datetime import datetime, timezone
        from pathlib import Path
        import pytest

        pytestmark = pytest.mark.casavi(load="documentation-example", progress="time", job_seconds=60)

        def test_module(casavi):
            assert casavi.queue.progress == "time"
            assert len(casavi.contacts) > 0
            assert not casavi.clock.frozen

        @pytest.mark.casavi(load={"contacts": [{"id": "C-7", "lastName": "x"}]}, freeze=True)
        class TestClass:
            def test_class(self, casavi):
                assert list(casavi.contacts) == ["C-7"]
                assert casavi.clock.frozen

            @pytest.mark.casavi(freeze="2100-01-01T00:00:00Z", progress="manual", polls=3)
            def test_function(self, casavi):
                assert casavi.clock.now == datetime(2100, 1, 1, tzinfo=timezone.utc)
                assert (casavi.queue.progress, list(casavi.contacts)) == ("manual", ["C-7"])

            @pytest.mark.casavi(freeze=datetime(2100, 1, 1, tzinfo=timezone.utc))
            def test_moment(self, casavi, make_casavi):
                assert make_casavi(load="small-house", progress="immediate").queue.progress == "immediate"

        @pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.casavi(load="small-house"))])
        def test_parameter(casavi, n):
            assert len(casavi.units) == 6
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=5)


def test_an_account_for_a_wider_scope(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="module")
        def shared(casavi_server):
            with casavi_server.account(load="small-house", allow="polls-too-fast", progress="manual", freeze=True) as one:
                yield one
            with pytest.raises(ValueError, match="no account"):
                one.clock.now

        def test_one(shared):
            assert (len(shared.units), shared.queue.progress, shared.clock.frozen) == (6, "manual", True)
            shared.load({"contacts": [{"id": "C-999", "lastName": "x"}]})

        def test_two(shared, casavi):
            assert "C-999" in shared.contacts
            assert "C-999" not in casavi.contacts
            assert shared.url == casavi.url
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=2)


# What is refused


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["--casavi-backend=docker"],
            "--casavi-backend: 'docker' is not known. Possible: server, inprocess, process, url",
        ),
        (
            ["-o", "casavi_backend=x"],
            "ini key casavi_backend: 'x' is not known. Possible: server, inprocess, process, url",
        ),
        (["--casavi-backend=url"], "--casavi-backend: the backend url needs an address: --casavi-url, CASAVI_URL"),
        (["--casavi-url=nowhere"], "--casavi-url: expected an address such as http://127.0.0.1:4227, got 'nowhere'"),
        (["--casavi-url=ftp://a"], "--casavi-url: expected an address"),
        (["--casavi-url=http://a:b"], "--casavi-url: expected an address"),
        (["--casavi-url=http://u:p@a"], "--casavi-url: expected an address"),
        (["--casavi-url=http://a/?x=1"], "--casavi-url: expected an address"),
        (
            ["--casavi-url=http://a", "--casavi-backend=server"],
            "--casavi-url: an address is of no use to the backend 'ser",
        ),
        (["--casavi-report-dir=tox.ini"], "--casavi-report-dir: tox.ini is not a folder"),
        (
            ["--casavi-allow=poll-too-fast"],
            "--casavi-allow: there is no rule 'poll-too-fast'. Possible: request-violates",
        ),
        (["--casavi-fail-on=info"], "--casavi-fail-on: 'info' is not known. Possible: note, warning, error, never"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_impossible_options(project: pytest.Pytester, options: list[str], told: str) -> None:
    project.makepyfile(TRIVIAL)
    assert usage_error(project.runpytest_inprocess(*options)).startswith(told)


def test_an_impossible_variable(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASAVI_BACKEND", "docker")
    assert usage_error(project.runpytest_inprocess()).startswith("CASAVI_BACKEND: 'docker' is not known.")


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (
            "alow=['x']",
            "knows no argument 'alow'. Possible: allow, fail_on, load, progress, job_seconds, record_seconds,",
        ),
        ("'small-house'", "takes named arguments alone, got 'small-house'. Possible: allow, fail_on, load"),
        (
            "allow=['poll-too-fast']",
            "(allow=…): there is no rule 'poll-too-fast'. Possible: request-violates-contract,",
        ),
        ("allow=5", "(allow=…): expected names of rules about clients, got 5"),
        ("allow=[5]", "(allow=…): there is no rule 5. Possible: request-violates-contract"),
        ("progress='fast'", "(progress='fast'). Possible: 'immediate', 'time', 'manual'"),
        ("fail_on='info'", "(fail_on='info'). Possible: 'note', 'warning', 'error', 'never'"),
        ("job_seconds=-1", "(job_seconds=-1): expected a number from 0"),
        ("polls=True", "(polls=True): expected a number from 0"),
        ("poll_seconds=float('nan')", "(poll_seconds=nan): expected a number from 0"),
        ("load=5", "(load=…): expected str, Path, Mapping, got 5"),
        ("freeze=1.5", "(freeze=…): expected bool, str, datetime, got 1.5"),
    ],
)
def test_impossible_marks(project: pytest.Pytester, mark: str, told: str) -> None:
    """They stop the run before the first test."""
    project.makepyfile(f"import pytest\ndef test_a(): pass\n@pytest.mark.casavi({mark})\ndef test_b(casavi): pass\n")
    shown = usage_error(project.runpytest_inprocess())
    assert shown.startswith("test_impossible_marks.py::test_b: @pytest.mark.casavi")
    assert told in shown


def test_impossible_marks_with_many_workers(project: pytest.Pytester) -> None:
    project.makepyfile("import pytest\n@pytest.mark.casavi(alow='x')\ndef test_b(casavi): pass\n")
    outcome = project.runpytest_inprocess("-p", "xdist", "-n", "1")
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["*::test_b: @pytest.mark.casavi knows no argument 'alow'. Possible: allow, *"])


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (
            "load='small-hose'",
            "There is no sample portfolio 'small-hose'. Possible: documentation-example, mid-size, small-",
        ),
        ("load={'contacts': [{'id': 5}]}", "/contacts/0/id: expected string, got number 5"),
        ("freeze='2001-01-01T00:00:00Z'", "cannot go back"),
        ("polls=0.5", "/polls: expected "),
    ],
)
def test_what_turns_out_to_be_impossible_leaves_no_account(project: pytest.Pytester, mark: str, told: str) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.casavi({mark})
        def test_a(casavi):
            pass

        def test_b(_casavi_pool, casavi_config):
            assert len(_casavi_pool.backend(casavi_config)._accounts._registry) == 0
        """
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(errors=1, passed=1)
    outcome.stdout.fnmatch_lines([f"*{told}*"])


VENDOR = Path(__file__).parents[2] / "examples" / "another-vendor.toml"
OTHER_VENDOR = """
import dataclasses, pathlib, pytest

@pytest.fixture(scope="session")
def casavi_config(casavi_config):
    return dataclasses.replace(casavi_config, profile=pathlib.Path({path!r}), assumptions={{"import-path": "/bulk"}})
"""


def test_a_profile_makes_another_vendor(project: pytest.Pytester) -> None:
    """Its overlay changes what clients see; the handle tells of jobs as ever."""
    project.makeconftest(OTHER_VENDOR.format(path=str(VENDOR)))
    project.makepyfile(
        """
        def test_job(casavi, casavi_client):
            job = casavi_client.post("/bulk", json={"contacts": [{"id": "C-1"}]}).json()["data"]["jobId"]
            seen = casavi_client.get(f"/jobs/{job}").json()["data"]
            assert (seen["state"], seen["statistics"]["new"]) == ("done", 1)
            assert casavi.jobs[0].status == "done"
            assert casavi.jobs[0].counts["contacts"]["created"] == 1
            assert casavi_client.get("/jobs/x").json()["error"]["code"] == "job-unknown"
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_mutants_know_no_overlay(project: pytest.Pytester) -> None:
    project.makeconftest(OTHER_VENDOR.format(path=str(VENDOR)))
    project.makepyfile(TRIVIAL)
    outcome = project.runpytest_inprocess("--casavi-mutants")
    outcome.stdout.fnmatch_lines(["*mutants change answers of the shipped document*"])


def test_a_profile_that_cannot_be_read(project: pytest.Pytester) -> None:
    project.makeconftest(OTHER_VENDOR.format(path="no-such.toml"))
    project.makepyfile(TRIVIAL)
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["CannotSteer: casavi_config: no-such.toml: No such file*"])


def test_an_impossible_assumption(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        import dataclasses, pytest

        @pytest.fixture(scope="session")
        def casavi_config(casavi_config):
            return dataclasses.replace(casavi_config, assumptions={"token-life": 1})
        """
    )
    project.makepyfile(TRIVIAL)
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["CannotSteer: casavi_config: *token-life*"])
