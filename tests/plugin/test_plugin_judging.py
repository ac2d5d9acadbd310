"""The client under test is judged when its test has passed."""

import re
from typing import Any

import pytest

from casavi_mock.domain.violations import RULES

CLIENTS = '''
import httpx
import pytest

C1, P1 = {"id": "C-1", "lastName": "Smith"}, {"id": "P-1", "name": "Easy Living"}
FLAT = {"id": "U-1", "contracts": [{"contactId": "C-1", "type": "RENTER"}]}
WITH_FLAT = {**P1, "addresses": [{"street": "Main street 14", "units": [FLAT]}]}
BROKEN = {"id": "C-1", "lastName": "Smith", "customFields": {}}


class Client:
    """A client under test; it does only what it is told."""

    def __init__(self, casavi):
        self.casavi = casavi
        self.http = httpx.Client(base_url=casavi.url, transport=casavi.transport, verify=False)

    def log_in(self):
        answer = self.http.post("/authenticate", json={"key": self.casavi.key, "secret": self.casavi.secret})
        self.http.headers["token"] = answer.json()["token"]
        return answer.json()

    def send(self, **body):
        return self.http.post("/import", json=body).json()["jobId"]

    def read(self, job_id):
        return self.http.get(f"/jobs/{job_id}").json()


@pytest.fixture
def client(casavi):
    client = Client(casavi)
    with client.http:
        client.log_in()
        yield client
'''

BAD = {
    "request-violates-contract": """
        assert client.http.post("/import", json={"contacts": [{}]}).status_code == 400
    """,
    "token-with-bearer": """
        client.http.get("/contacts", headers={"token": "Bearer " + client.http.headers["token"]})
    """,
    "token-in-url": """
        client.http.get("/contacts", params={"token": client.http.headers["token"]})
    """,
    "never-authorized": """
        client.http.get("/contacts", headers={"token": "unknown-to-everybody"})
    """,
    "partial-failure-ignored": """
        clash = [{**P1, "id": "P-2", "name": "a"}, {**P1, "id": "P-2", "name": "b"}]
        assert client.read(client.send(properties=clash))["errors"]
        role = {"propertyId": "P-2", "contactId": "C-1", "roleName": "x", "roleType": "external"}
        client.read(client.send(responsibilities=[role], contacts=[C1]))
    """,
    "children-before-parents": """
        assert client.read(client.send(properties=[WITH_FLAT]))["errors"]
        client.read(client.send(contacts=[C1]))
    """,
    "unknown-fields-sent": """
        client.read(client.send(contacts=[{**C1, "shoeSize": 43}]))
    """,
    "deprecated-parameters": """
        old = {"apiKey": casavi.key, "email": "a@b.example", "password": casavi.secret}
        assert client.http.post("/authenticate", json=old).status_code == 200
    """,
    "log-in-before-every-call": """
        client.http.get("/contacts")
        for _ in range(2):
            client.log_in()
            client.http.get("/contacts")
    """,
    "refresh-never-or-too-late": """
        casavi.clock.advance(days=31)
        assert client.http.get("/contacts").status_code == 401
    """,
    "polls-too-fast": """
        casavi.queue.set("time", job_seconds=60)
        job = client.send(contacts=[C1])
        for _ in range(3):
            client.read(job)
        casavi.clock.advance(minutes=2)
        client.read(job)
    """,
    "retry-after-ignored": """
        casavi.faults.on("importMasterData").once().status(503, retry_after=5)
        assert client.http.post("/import", json={"contacts": [C1]}).status_code == 503
        client.read(client.send(contacts=[C1]))
    """,
    "job-never-read-to-its-end": """
        client.send(contacts=[C1])
    """,
    "same-import-sent-again-after-lost-response": """
        casavi.faults.on("importMasterData").once().lost_response()
        with pytest.raises(httpx.TransportError):
            client.send(contacts=[C1])
        client.read(client.send(contacts=[C1]))
    """,
}
"""For each rule a client that breaks it and no other."""

GOOD = {
    "request-violates-contract": """
        client.read(client.send(contacts=[C1]))
    """,
    "token-with-bearer": """
        client.http.get("/contacts")
    """,
    "token-in-url": """
        client.http.get("/contacts", params={"page": "1"})
    """,
    "never-authorized": """
        del client.http.headers["token"]
        assert client.http.get("/contacts").status_code == 401
        client.log_in()
        assert client.http.get("/contacts").status_code == 200
        assert client.http.post("/authenticate", json={"key": casavi.key, "secret": "wrong"}).status_code == 401
    """,
    "partial-failure-ignored": """
        clash = [{**P1, "id": "P-2", "name": "a"}, {**P1, "id": "P-2", "name": "b"}]
        assert client.read(client.send(properties=clash))["errors"]
        role = {"propertyId": "P-2", "contactId": "C-1", "roleName": "x", "roleType": "external"}
        repaired = client.send(properties=[{**P1, "id": "P-2"}], contacts=[C1], responsibilities=[role])
        assert client.read(repaired)["errors"] == []
    """,
    "children-before-parents": """
        client.read(client.send(contacts=[C1]))
        assert client.read(client.send(properties=[WITH_FLAT]))["errors"] == []
    """,
    "unknown-fields-sent": """
        client.read(client.send(contacts=[{**C1, "customFields": {"shoeSize": "43"}}]))
    """,
    "deprecated-parameters": """
        client.log_in()
    """,
    "log-in-before-every-call": """
        for _ in range(4):
            client.http.get("/contacts")
            client.http.get("/contacts")
            client.log_in()
    """,
    "refresh-never-or-too-late": """
        casavi.clock.advance(days=29)
        token = client.http.headers["token"]
        refreshed = client.http.post("/refresh", json={"apiKey": casavi.key, "token": token}).json()
        client.http.headers["token"] = refreshed["token"]
        casavi.clock.advance(days=29)
        assert client.http.get("/contacts").status_code == 200
        casavi.expire_tokens()
        assert client.http.get("/contacts").status_code == 401
        client.log_in()
        assert client.http.get("/contacts").status_code == 200
    """,
    "polls-too-fast": """
        casavi.queue.set("time", job_seconds=60)
        job = client.send(contacts=[C1])
        while client.read(job)["status"] != "completed":
            casavi.clock.advance(seconds=20)
    """,
    "retry-after-ignored": """
        casavi.faults.on("importMasterData").once().status(429, retry_after=5)
        assert client.http.post("/import", json={"contacts": [C1]}).status_code == 429
        client.http.get("/contacts")
        casavi.clock.advance(seconds=5)
        client.read(client.send(contacts=[C1]))
    """,
    "job-never-read-to-its-end": """
        client.read(client.send(contacts=[C1]))
        client.send(contacts=[C1])
        casavi.jobs.last.wait()
    """,
    "same-import-sent-again-after-lost-response": """
        casavi.faults.on("importMasterData").once().lost_response()
        with pytest.raises(httpx.TransportError):
            client.send(contacts=[C1])
        casavi.jobs.last.wait()
    """,
}
"""For each rule a client that does it right."""


def told(rule: str, *more: str) -> str:
    """Returns the story of the bad client of a rule, with further lines at its end."""
    return "\n        ".join([BAD[rule].rstrip(), *more]) + "\n"


def as_tests(stories: dict[str, str], mark: str = "") -> str:
    """Returns a test for each story."""
    return "".join(
        f"\n{mark}\ndef test_{rule.replace('-', '_')}(casavi, client):{story}" for rule, story in stories.items()
    )


def named(text: str) -> list[str]:
    """Rules that a failure names, in its first line."""
    (told,) = re.findall(r"(?m)^casavi: the client violates (.*)$", text)
    return re.findall(r"([a-z-]+) \(\w+\)", told)


def test_every_rule_has_its_clients() -> None:
    assert list(BAD) == list(GOOD) == list(RULES)


def test_a_bad_client_breaks_its_rule_and_no_other(project: pytest.Pytester) -> None:
    project.makepyfile(CLIENTS + as_tests(BAD, "@pytest.mark.casavi(fail_on='note')"))
    outcome = project.inline_run("-q")
    reports = [report for report in outcome.getreports("pytest_runtest_logreport") if report.when == "call"]
    found = {report.nodeid.split("::test_")[1].replace("_", "-"): named(str(report.longrepr)) for report in reports}
    assert found == {rule: [rule] for rule in RULES}
    assert {report.outcome for report in reports} == {"failed"}


def test_a_good_client_breaks_none(project: pytest.Pytester) -> None:
    project.makepyfile(CLIENTS + as_tests(GOOD, "@pytest.mark.casavi(fail_on='note')"))
    project.runpytest_inprocess().assert_outcomes(passed=len(RULES))


def test_six_bad_manners_in_one_client(project: pytest.Pytester) -> None:
    """All are named, with exchange, evidence and advice, and none besides."""
    six = [
        "children-before-parents",
        "deprecated-parameters",
        "token-with-bearer",
        "token-in-url",
        "unknown-fields-sent",
        "polls-too-fast",
    ]
    project.makepyfile(CLIENTS + "def test_client(casavi, client):" + "".join(told(rule) for rule in six))
    (report,) = (r for r in project.inline_run().getreports("pytest_runtest_logreport") if r.when == "call")
    shown = str(report.longrepr)
    assert sorted(named(shown)) == sorted(six)
    for rule in six:
        about = RULES[rule]
        assert f"{rule} ({about.severity}): {about.title}." in shown
        assert f"Advice    {about.advice}" in shown
        assert f"Evidence  {about.evidence}" in shown
    assert shown.count("Exchange #") == 6
    assert "> GET /contacts?token=[redacted]" in shown


FAILURES = {
    "no token": ("del client.http.headers['token']; client.http.get('/contacts')", ["never-authorized"]),
    "an unknown token": ("client.http.get('/contacts', headers={'token': 'x'})", ["never-authorized"]),
    "a wrong secret": (
        "client.http.post('/authenticate', json={'key': casavi.key, 'secret': 'wrong'})", ["never-authorized"],
    ),
    "an unknown key": (
        "client.http.post('/authenticate', json={'key': 'wrong', 'secret': casavi.secret})", ["never-authorized"],
    ),
    "credentials in the address": (
        "client.http.get('/authenticate', params={'key': str(casavi.key), 'secret': str(casavi.secret)})",
        ["request-violates-contract", "token-in-url"],
    ),
    "no such path": ("client.http.post('/api/import', json={})", ["request-violates-contract"]),
    "a form": (
        "client.http.post('/authenticate', data={'key': str(casavi.key), 'secret': str(casavi.secret)})",
        ["request-violates-contract"],
    ),
    "no JSON": (
        "client.http.post('/authenticate', content=b'{', headers={'content-type': 'application/json'})",
        ["request-violates-contract"],
    ),
}  # fmt: skip
"""What a client does that never gets anywhere, and the rules that it breaks."""


@pytest.mark.parametrize("backend", ["server", "inprocess", "process"])
def test_a_client_that_fails_completely_is_judged(project: pytest.Pytester, backend: str) -> None:
    """Its requests belong to no account, and are those of the test that runs; the tests beside it are good."""
    bad = "".join(
        f"\ndef test_{number}(casavi, fresh):\n    client = fresh\n    {code}\n\ndef test_good_{number}(casavi): pass\n"
        for number, (code, _) in enumerate(FAILURES.values())
    )
    fresh = (
        "\n@pytest.fixture\ndef fresh(casavi):\n    client = Client(casavi)\n    client.http.headers['token'] = 'x'\n"
    )
    project.makepyfile(CLIENTS + fresh + "    with client.http:\n        yield client\n" + bad)
    outcome = project.inline_run("-q", f"--casavi-backend={backend}", "-p", "no:randomly")
    reports = [report for report in outcome.getreports("pytest_runtest_logreport") if report.when == "call"]
    found = [named(str(report.longrepr)) for report in reports if report.failed]
    assert dict(zip(FAILURES, found, strict=True)) == {name: rules for name, (_, rules) in FAILURES.items()}


# How it fails


@pytest.mark.parametrize(
    ("severity", "failed"),
    [("note", 3), ("warning", 2), ("error", 1), ("never", 0)],
)
def test_severity(project: pytest.Pytester, severity: str, failed: int) -> None:
    rules = ["same-import-sent-again-after-lost-response", "unknown-fields-sent", "token-with-bearer"]
    project.makepyfile(CLIENTS + as_tests({rule: BAD[rule] for rule in rules}))
    outcome = project.runpytest_inprocess(f"--casavi-fail-on={severity}")
    outcome.assert_outcomes(failed=failed, passed=3 - failed)


def test_a_violation_is_a_failure_and_no_error(project: pytest.Pytester) -> None:
    project.makepyfile(CLIENTS + as_tests({"token-in-url": BAD["token-in-url"]}))
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["FAILED *::test_token_in_url - *", "*= 1 failed in *"])


def test_the_short_summary_begins_with_the_rule(project: pytest.Pytester) -> None:
    both = told("token-in-url", *BAD["token-with-bearer"].strip().splitlines())
    project.makepyfile(test_x=CLIENTS + as_tests({"polls-too-fast": BAD["polls-too-fast"], "token-in-url": both}))
    project.runpytest_inprocess("-p", "no:randomly").stdout.fnmatch_lines(
        [
            "FAILED test_x.py::test_polls_too_fast - polls-too-fast: *",
            "FAILED *::test_token_in_url - token-in-url, token-*",
        ]
    )


def test_an_exchange_is_printed_once_and_without_what_is_of_no_use(project: pytest.Pytester) -> None:
    story = """
        body = {"contacts": [{"id": "C-1", "lastName": "Smith", "shoeSize": 43}]}
        token = {"token": client.http.headers["token"]}
        client.http.post("/import", json=body, params=token, headers={"token": "Bearer " + token["token"], "x-mine": "1"})
        client.read(client.send(contacts=[{**C1, "shoeSize": 43}]))
    """
    project.makepyfile(CLIENTS + as_tests({"several": story}))
    (report,) = (r for r in project.inline_run().getreports("pytest_runtest_logreport") if r.when == "call")
    shown = str(report.longrepr)
    assert len(named(shown)) == 3
    assert shown.count("Exchange #2: see above") == 1
    assert shown.count("> POST /import?token") == 1
    assert "> x-mine: 1" in shown
    assert re.findall(r"[<>] (?:user-agent|accept|host|content-length|connection|x-request-id)\b.*", shown) == []


def test_a_job_is_printed_without_what_is_zero(project: pytest.Pytester) -> None:
    project.makepyfile(CLIENTS + as_tests({"polls": BAD["partial-failure-ignored"]}))
    (report,) = (r for r in project.inline_run().getreports("pytest_runtest_logreport") if r.when == "call")
    (body,) = re.findall(r'< (\{"id": .*)', str(report.longrepr))
    assert ": 0" not in body
    assert "refused" in body


@pytest.mark.parametrize(
    "wrong",
    ["client.http.get('/contacts', params={'token': 'x'})", "casavi.faults.on('nothing')", "casavi.jobs['none']"],
)
def test_a_debugger_lands_in_the_test(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    project.makepyfile(CLIENTS + f"\ndef test_it(casavi, client):\n    {wrong}\n")
    landed: list[str] = []

    def post_mortem(*about: Any) -> None:
        trace = about[0].__traceback__ if isinstance(about[0], BaseException) else about[0]
        while trace.tb_next is not None:
            trace = trace.tb_next
        landed.append(f"{trace.tb_frame.f_code.co_name} {'casavi' in trace.tb_frame.f_locals}")

    monkeypatch.setattr("_pytest.debugging.post_mortem", post_mortem)
    project.runpytest_inprocess("--pdb").assert_outcomes(failed=1)
    assert landed == ["test_it True"]


def test_a_test_that_failed_is_not_judged_on_top(project: pytest.Pytester) -> None:
    project.makepyfile(CLIENTS + as_tests({"token-in-url": told("token-in-url", "assert 0, 'of its own'")}))
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["E*of its own*", "*casavi: violations*", "1. token-in-url (error): *"])


def test_a_test_that_skips_is_not_judged(project: pytest.Pytester) -> None:
    project.makepyfile(CLIENTS + as_tests({"token-in-url": told("token-in-url", "pytest.skip('enough')")}))
    project.runpytest_inprocess().assert_outcomes(skipped=1)


def test_an_expected_failure_may_be_a_violation(project: pytest.Pytester) -> None:
    story = {"token-in-url": BAD["token-in-url"]}
    project.makepyfile(CLIENTS + as_tests(story, "@pytest.mark.xfail(strict=True)"))
    project.runpytest_inprocess().assert_outcomes(xfailed=1)


def test_every_account_of_a_test_is_judged(project: pytest.Pytester) -> None:
    project.makepyfile(
        CLIENTS
        + """
def test_two(casavi, make_casavi):
    one, two = Client(make_casavi()), Client(make_casavi(allow=["token-in-url"]))
    for client in (one, two):
        with client.http:
            client.http.get("/contacts", params={"token": client.casavi.token()})
"""
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        ["1. token-in-url*", "*casavi 1: requests*", "*casavi 2: requests*", "*casavi 3: requests*"]
    )


WIDE = """
@pytest.fixture(scope="module")
def wide(casavi_server):
    with casavi_server.account(MORE) as account:
        yield account

def ask(account, **options):
    with httpx.Client(base_url=account.url, headers={"token": account.token()}, verify=False) as http:
        http.get("/contacts", **options)

def test_bad(wide):
    ask(wide, params={"token": "x"})

def test_good(wide, casavi):
    ask(casavi)

def test_fails(wide):
    ask(wide)
    assert 0
"""


def test_an_account_of_a_wider_scope_is_judged_when_that_ends(project: pytest.Pytester) -> None:
    project.makepyfile(test_w=CLIENTS + WIDE.replace("MORE", ""))
    outcome = project.runpytest_inprocess("-p", "no:randomly", "--casavi-report-dir=reports")
    outcome.assert_outcomes(passed=2, failed=1, errors=1)
    outcome.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_fails*",
            "1. token-in-url (error)*",
            "*casavi (of a wider scope): requests*",
            "#1 20* GET /contacts[?]token=*",
            "#2 20* GET /contacts -> 200",
            "*_ test_fails _*",
            "*casavi (of a wider scope): requests*",
            "ERROR *::test_fails - token-in-url: *",
        ]
    )
    assert len(list((project.path / "reports").iterdir())) >= 2


def test_an_account_of_a_wider_scope_may_break_what_it_names(project: pytest.Pytester) -> None:
    project.makepyfile(CLIENTS + WIDE.replace("MORE", "allow='token-in-url'"))
    project.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=2, failed=1)


def test_a_session_that_stops_ends_its_accounts_in_peace(project: pytest.Pytester) -> None:
    project.makepyfile(
        CLIENTS + WIDE.replace("MORE", "").replace("def test_good", "def test_0(): assert 0\n\ndef test_good")
    )
    outcome = project.runpytest_inprocess("-p", "no:randomly", "-x")
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    outcome.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_a_unittest_is_judged(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import unittest, urllib.request
        import pytest

        class TestClient(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _casavi(self, casavi):
                self.casavi = casavi

            def test_bad(self):
                with self.assertRaises(urllib.error.HTTPError) as caught:
                    urllib.request.urlopen(self.casavi.url + "/nothing?token=" + self.casavi.token())
                caught.exception.close()

            def test_good(self):
                self.assertEqual(self.casavi.violations, [])
        """
    )
    project.runpytest_inprocess().assert_outcomes(failed=1, passed=1)


def test_assert_clean(project: pytest.Pytester) -> None:
    project.makepyfile(
        CLIENTS
        + as_tests(
            {"a": "\n        casavi.assert_clean()\n", "b": told("token-in-url", "casavi.assert_clean()")},
        )
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(passed=1, failed=1)
    outcome.stdout.fnmatch_lines(["E*AssertionError: casavi: the client violates token-in-url (error)"])


def test_a_fault_that_can_never_strike_fails_its_test(project: pytest.Pytester) -> None:
    project.makepyfile("def test_fault(casavi):\n    casavi.faults.on('importMasterData').times(2)\n")
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["casavi: casavi.faults.on('importMasterData') was not told what happens*"])


# What is allowed


def test_what_is_allowed_is_not_judged(project: pytest.Pytester) -> None:
    every = '["request-violates-contract", "token-in-url"]'
    project.makepyfile(
        CLIENTS
        + f"""
pytestmark = pytest.mark.casavi(allow="token-with-bearer")

@pytest.mark.casavi(allow={every})
class TestAll:
    @pytest.mark.casavi(allow="unknown-fields-sent")
    def test_all(self, casavi, client):{told("request-violates-contract")}{told("unknown-fields-sent")}        client.http.get("/contacts", headers={{"token": "Bearer x"}})

def test_nearer(casavi, client):{BAD["token-with-bearer"]}

def test_other(casavi, client):{BAD["token-in-url"]}
"""
    )
    outcome = project.runpytest_inprocess()
    outcome.assert_outcomes(passed=2, failed=1)
    outcome.stdout.fnmatch_lines(['*To accept it in this test: @pytest.mark.casavi(allow=[[]"token-in-url"[]])'])


NATIVE = pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest reads the table tool.pytest from 9 on")


@pytest.mark.parametrize("how", ["option", "variable", "text", "list", pytest.param("native list", marks=NATIVE)])
def test_a_project_allows(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    stories = {rule: BAD[rule] for rule in ("token-in-url", "token-with-bearer")}
    project.makepyfile(CLIENTS + as_tests(stories))
    allowed = "token-in-url, token-with-bearer"
    if how == "variable":
        monkeypatch.setenv("CASAVI_ALLOW", allowed)
    tables = {
        "text": ("ini_options", repr(allowed)),
        "list": ("ini_options", repr(allowed.split(", "))),
        "native list": ("", repr(allowed.split(", "))),
    }
    if how in tables:
        table, value = tables[how]
        options = ["-p", "no:schemathesis", "-p", "no:randomly"]
        project.makepyprojecttoml(
            f"""
            [{".".join(filter(None, ["tool.pytest", table]))}]
            addopts = {options}
            asyncio_default_fixture_loop_scope = "function"
            casavi_allow = {value}
            """
        )
        (project.path / "tox.ini").unlink()
    project.runpytest_inprocess(*(["--casavi-allow", allowed] if how == "option" else [])).assert_outcomes(passed=2)


def test_patience_can_be_less(project: pytest.Pytester) -> None:
    story = {"polls-too-fast": BAD["polls-too-fast"]}
    project.makepyfile(CLIENTS + as_tests(story, "@pytest.mark.casavi(poll_seconds=0)"))
    project.runpytest_inprocess().assert_outcomes(passed=1)


# What is not held against a client


NOT_GUILTY = {
    "what the test reads itself": """
        client.send(contacts=[C1])
        assert casavi.jobs.last.status == "completed"
    """,
    "a job that has no end yet": """
        casavi.queue.hold()
        assert client.read(client.send(contacts=[C1]))["status"] == "waiting"
    """,
    "a job that is gone": """
        with casavi.snapshot():
            client.send(contacts=[C1])
    """,
    "a look after the test moved the job": """
        with casavi.queue.hold():
            job = client.send(contacts=[C1])
            client.read(job)
            casavi.queue.step("record")
            client.read(job)
        client.read(job)
    """,
    "what the test asks through its fixtures": """
        casavi.load("small-house")
        for _ in range(5):
            token = casavi.token()
            client.http.get("/contacts", headers={"token": token})
        casavi.clock.advance(days=31)
        assert client.http.get("/contacts", headers={"token": token}).status_code == 401
    """,
    "a token that ended by the clock of the test": """
        assert client.http.get("/contacts").status_code == 200
        casavi.clock.advance(days=31)
        assert client.http.get("/contacts").status_code == 401
        client.log_in()
        assert client.http.get("/contacts").status_code == 200
    """,
    "a log-in with wrong credentials": """
        wrong = client.http.post("/authenticate", json={"key": "x" * 20, "secret": "y" * 20})
        assert wrong.status_code == 401
    """,
}


def test_what_is_not_held_against_a_client(project: pytest.Pytester) -> None:
    project.makepyfile(CLIENTS + as_tests({name.replace(" ", "_"): story for name, story in NOT_GUILTY.items()}))
    project.runpytest_inprocess().assert_outcomes(passed=len(NOT_GUILTY))


def test_a_client_that_polls_fast_by_itself_is_guilty_though_the_test_steers(project: pytest.Pytester) -> None:
    project.makepyfile(
        CLIENTS
        + """
def test_mixed(casavi, client):
    with casavi.queue.hold():
        job = client.send(contacts=[C1])
        for _ in range(3):
            client.read(job)
    client.read(job)
"""
    )
    project.runpytest_inprocess().assert_outcomes(failed=1)


def test_a_client_that_goes_on_with_a_token_that_ended_is_guilty(project: pytest.Pytester) -> None:
    project.makepyfile(
        CLIENTS
        + """
def test_late(casavi, client):
    old = client.http.headers["token"]
    casavi.clock.advance(days=31)
    client.http.get("/contacts")
    client.log_in()
    client.http.get("/contacts", headers={"token": old})
"""
    )
    project.runpytest_inprocess().assert_outcomes(failed=1)


def test_a_job_that_was_never_looked_at_is_held_against_the_client_though_it_waits(project: pytest.Pytester) -> None:
    project.makepyfile(CLIENTS + as_tests({"a": "\n        casavi.queue.hold()\n        client.send(contacts=[C1])\n"}))
    project.runpytest_inprocess().assert_outcomes(failed=1)
