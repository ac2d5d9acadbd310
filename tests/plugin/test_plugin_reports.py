"""What a failed test tells, and what a test that passed does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_casavi.files import file_name

STORY = """
import httpx
import pytest

@pytest.fixture
def client(casavi):
    with httpx.Client(base_url=casavi.url, transport=casavi.transport, verify=False) as client:
        answer = client.post("/authenticate", json={"key": casavi.key, "secret": casavi.secret})
        client.headers["token"] = answer.json()["token"]
        yield client

def story(casavi, client):
    flat = {"id": "U-1", "contracts": [{"contactId": "C-9", "type": "RENTER"}]}
    house = {"id": "P-1", "name": "x", "addresses": [{"street": "x", "units": [flat]}]}
    client.post("/import", json={"properties": [house]})
    casavi.jobs.last.wait()
    client.get("/contacts/nobody")
    client.get("/contacts", headers={"token": "unknown-to-everybody"})
    client.get("/contacts")
"""


def test_sections(project: pytest.Pytester) -> None:
    project.makepyfile(STORY + "def test_it(casavi, client):\n    story(casavi, client)\n    assert 0\n")
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "*- casavi: requests -*",
            "#1 20* POST /authenticate -> 200",
            "#2 20* POST /import -> 202",
            "#3 20* GET /contacts/nobody -> 404 [[]contact-unknown[]]",
            "    This account has no such record among its contacts.",
            "#4 20* GET /contacts -> 401 [[]token-unknown[]]",
            "    The token was never given out*",
            "#5 20* GET /contacts -> 200",
            "*- casavi: jobs -*",
            "*-*-*-*-*  completed  2 of 2 records",
            "    created 20*Z, started +0.000 s, ended +0.000 s",
            "    properties: 1 created",
            "    units: 1 refused",
            "    /properties/0/addresses/0/units/0/contracts/0/contactId: *'C-9'* [[]missing-reference[]]",
        ]
    )
    outcome.stdout.no_fnmatch_line("*casavi: files*")


def test_nothing_is_told_when_nothing_failed(project: pytest.Pytester) -> None:
    tests = "def test_it(casavi, client):\n    story(casavi, client)\n\n"
    tests += "@pytest.mark.xfail\ndef test_x(casavi, client):\n    story(casavi, client)\n    assert 0\n\n"
    tests += "def test_s(casavi, client):\n    story(casavi, client)\n    pytest.skip()\n"
    project.makepyfile(STORY + tests)
    outcome = project.runpytest_inprocess("--casavi-report-dir=reports", "-rA")
    outcome.assert_outcomes(passed=1, xfailed=1, skipped=1)
    outcome.stdout.no_fnmatch_line("*casavi: *")
    assert not (project.path / "reports").exists()


@pytest.mark.parametrize(("phase", "outcomes"), [("setup", {"errors": 1}), ("teardown", {"passed": 1, "errors": 1})])
def test_failures_around_a_test(project: pytest.Pytester, phase: str, outcomes: dict[str, int]) -> None:
    before, after = ("assert 0", "pass") if phase == "setup" else ("pass", "assert 0")
    project.makepyfile(
        STORY
        + f"""
@pytest.fixture
def broken(casavi, client):
    story(casavi, client)
    {before}
    yield
    {after}

def test_it(broken):
    pass
"""
    )
    outcome = project.runpytest_inprocess("--casavi-report-dir=reports")
    outcome.assert_outcomes(**outcomes)
    outcome.stdout.fnmatch_lines(
        ["*casavi: requests*", "#2 20* POST /import -> 202", "*casavi: jobs*", "*casavi: files*"]
    )
    (report,) = (project.path / "reports").glob("*.json")
    assert json.loads(report.read_text())["phase"] == phase


def test_many_requests_are_shortened(project: pytest.Pytester) -> None:
    project.makepyfile(
        STORY + "def test_it(casavi, client):\n    for _ in range(60):\n        client.get('/contacts')\n    assert 0\n"
    )
    outcome = project.runpytest_inprocess()
    outcome.stdout.fnmatch_lines(["(11 older ones)", "#12 20*"])
    outcome.stdout.no_fnmatch_line("#11 20*")


def test_requests_of_no_account_are_those_of_the_test(project: pytest.Pytester) -> None:
    stranger = "    client.get('/contacts', headers={'token': 'unknown-to-everybody'})\n    client.get('/contacts')\n"
    project.makepyfile(
        STORY
        + f"def test_a(casavi, client):\n{stranger}\n"
        + f"def test_b(casavi, client):\n{stranger}    assert 0\n"
        + "def test_c(casavi, client):\n    assert 0\n"
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(passed=1, failed=2)
    assert outcome.stdout.str().count("GET /contacts -> 401 [token-unknown]") == 1


# Files


def test_files(project: pytest.Pytester) -> None:
    bad = "    client.get('/contacts', params={'token': 'x'})\n"
    project.makepyfile(STORY + f"def test_it(casavi, client):\n    story(casavi, client)\n{bad}    assert 0\n")
    project.runpytest_inprocess("--casavi-report-dir=deep/reports").assert_outcomes(failed=1)
    har, everything, sarif = sorted((project.path / "deep" / "reports").iterdir())
    assert (har.suffix, everything.suffix, sarif.suffix) == (".har", ".json", ".sarif")
    (result,) = json.loads(sarif.read_text())["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    lines = (project.path / "test_files.py").read_text().splitlines()
    assert place["artifactLocation"]["uri"] == "test_files.py"
    assert lines[place["region"]["startLine"] - 1] == "def test_it(casavi, client):"
    entries = json.loads(har.read_text())["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [200, 202, 404, 401, 200, 200]
    assert entries[0]["request"]["url"].startswith("http://127.0.0.1:")
    told: dict[str, Any] = json.loads(everything.read_text())
    assert told["test"] == "test_files.py::test_it"
    assert told["phase"] == "call"
    assert [request["status"] for request in told["requests"]] == [200, 202, 404, 401, 200, 200]
    assert told["jobs"][0]["errors"][0]["missing"] == {"entity": "contacts", "id": "C-9"}
    assert [one["rule"] for one in told["violations"]] == ["token-in-url"]
    assert (told["faults"], told["dropped"], told["queue"]["unfinished"]) == ([], 0, 0)


def test_files_of_many_tests_differ(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("text", ["a/b", "a\\\\b", "../../x", "ä ö", "ä_ö", "", "x" * 400, "con:*?<>|"])
        def test_it(casavi, make_casavi, text):
            make_casavi()
            assert 0
        """
    )
    project.runpytest_inprocess("--casavi-report-dir=reports").assert_outcomes(failed=8)
    names = [path.name for path in (project.path / "reports").iterdir()]
    assert len(names) == 8 * 2 * 3  # tests, accounts, kinds
    assert not [name for name in names if len(name) > 130 or set(name) - set(_SAFE)]
    assert [path.name for path in project.path.parent.glob("*.har")] == []


_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"


def test_names_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_name("tests/test_a.py::TestB::test_c[x/y]").startswith("tests_test_a-TestB-test_c_x_y-")
    assert file_name("a.py::test[ä ö]") != file_name("a.py::test[ä_ö]")
    assert file_name("a.py::test", 2) == f"{file_name('a.py::test')}-2"
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw3")
    assert file_name("a.py::test").endswith("-gw3")


def test_a_folder_that_cannot_be_made_hides_nothing(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(casavi):\n    assert 0, 'the reason'\n")
    (project.path / "file").write_text("")
    outcome = project.runpytest_inprocess("--casavi-report-dir=file/reports")
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["E*the reason*", "They cannot be told: *Error: *"])


# Secrets

SECRETS = """
import json, os
from pathlib import Path
import httpx
import pytest

@pytest.fixture
def shown(casavi):
    note(casavi.key)
    note(casavi.secret)

def note(secret):
    file = Path("secrets")
    file.write_text(json.dumps([*(json.loads(file.read_text()) if file.exists() else []), secret]))
    return secret

def test_equal(shown, casavi):
    assert note(casavi.token()) == "x"

def test_nearly_equal(shown, casavi):
    token = note(casavi.token())
    assert token == str(token)[:-1] + "!"

def test_other_way_round(shown, casavi):
    assert "x" + str(note(casavi.token())) == casavi.secret

def test_inside(shown, casavi):
    assert {"token": note(casavi.token()), "key": casavi.key} == {"token": 1, "key": 2}

def test_in(shown, casavi):
    assert note(casavi.token()) in ["a", casavi.secret]

def test_method(shown, casavi):
    assert note(casavi.token()).startswith("?")

def test_env(shown, casavi):
    assert casavi.env == {}

def test_error(shown, casavi):
    raise RuntimeError(f"cannot log in with {casavi.key} {casavi.secret} {note(casavi.token())}")

def test_chain(shown, casavi):
    try:
        raise ValueError(f"{casavi.key}")
    except ValueError as error:
        raise RuntimeError(f"{casavi.secret}") from error

def test_output(shown, casavi):
    print("key", casavi.key, "secret", casavi.secret, "token", note(casavi.token()))
    assert 0

def test_header(shown, casavi, casavi_client):
    note(casavi_client.headers["token"])
    headers = dict(casavi_client.headers)
    text = f"{casavi.secret}"
    casavi_client.get("/contacts", params={"key": casavi.key, "token": casavi_client.headers["token"]})
    assert headers == {}

def test_parameters(shown, casavi):
    helper(str(casavi.key), secret=str(casavi.secret))

def helper(key, secret):
    assert key != key
"""


@pytest.mark.parametrize("style", ["auto", "long", "short", "native", "line"])
def test_secrets_are_not_told(project: pytest.Pytester, style: str) -> None:
    project.makepyfile(SECRETS)
    junit = project.path / "junit.xml"
    options = ["-vv", "-l", f"--tb={style}", "--casavi-report-dir=reports"]
    outcome = project.runpytest_inprocess(*options, f"--junitxml={junit}", "-o", "junit_logging=all")
    outcome.assert_outcomes(failed=12)
    told = outcome.stdout.str() + outcome.stderr.str() + junit.read_text()
    told += "".join(path.read_text() for path in (project.path / "reports").iterdir())
    secrets = json.loads((project.path / "secrets").read_text())
    assert len(secrets) == 12 * 2 + 9
    parts = [part for secret in secrets for part in (secret, secret[:-1], secret[8:-4])]
    assert [part for part in parts if part in told] == []


def test_comparisons_without_secrets_are_explained(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(casavi):\n    assert 'left' == 'right'\n")
    project.runpytest_inprocess().stdout.fnmatch_lines(["E*- right", "E*+ left"])


def test_a_mock_that_is_gone_hides_nothing(project: pytest.Pytester, tmp_path: Path) -> None:
    project.makepyfile(
        """
        def test_it(casavi, _casavi_pool):
            _casavi_pool.close()
            assert 0, "the reason"
        """
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["E*the reason*", "They cannot be told: CannotSteer: There is no account*"])


@pytest.mark.parametrize(
    ("rest", "outcomes"), [("pass", {"passed": 2, "errors": 1}), ("assert 0", {"passed": 1, "failed": 1, "errors": 1})]
)
def test_an_account_that_cannot_be_closed_is_an_error_of_its_test(
    project: pytest.Pytester, rest: str, outcomes: dict[str, int]
) -> None:
    """As when the mock at an address answers no more."""
    project.makepyfile(
        f"""
        from pytest_casavi import CannotSteer
        from pytest_casavi.backends.local import Accounts

        close = Accounts._close

        def refuse(accounts, key):
            Accounts._close = close
            raise CannotSteer("The mock is gone.")

        def test_it(casavi):
            Accounts._close = refuse
            {rest}

        def test_next(casavi):
            pass
        """
    )
    outcome = project.runpytest_inprocess("-p", "no:randomly")
    outcome.assert_outcomes(**outcomes)
    told = "casavi: an account of this test could not be closed. The mock is gone."
    outcome.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", told])


def test_trouble_with_closing_does_not_hide_other_trouble(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from pytest_casavi import CannotSteer
        from pytest_casavi.backends.local import Accounts

        @pytest.fixture
        def broken(casavi):
            yield
            close = Accounts._close

            def refuse(accounts, key):
                Accounts._close = close
                raise CannotSteer("The mock is gone.")

            Accounts._close = refuse
            raise OSError("the reason")

        def test_it(broken):
            pass
        """
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["E*the reason", "*- casavi: accounts -*", "*could not be closed. The mock is gone."])


def test_tracebacks_end_in_the_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("ask", [
            lambda casavi: casavi.contacts["nobody"],
            lambda casavi: casavi.jobs.last.id,
            lambda casavi: casavi.requests.to("getJob").one(),
            lambda casavi: casavi.faults.on("nothing"),
            lambda casavi: casavi.clock.advance(),
            lambda casavi: casavi.load("nothing"),
            lambda casavi: casavi.restore("nothing"),
        ])
        def test_it(casavi, ask):
            ask(casavi)
        """
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(failed=7)
    outcome.stdout.no_fnmatch_line("*pytest_casavi/*.py:*")


def test_wrong_use_of_a_fixture_is_told_without_its_insides(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import dataclasses
        import pytest

        @pytest.fixture(scope="session")
        def casavi_config(casavi_config):
            return dataclasses.replace(casavi_config, assumptions={"token-lifetime": 1})

        def test_it(casavi):
            pass
        """
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(errors=1)
    outcome.stdout.no_fnmatch_line("*pytest_casavi/*.py:*")
    outcome.stdout.fnmatch_lines(
        ["CannotSteer: casavi_config: unknown assumption 'token-lifetime'; did you mean 'token-lifetime-days'[?]"]
    )
