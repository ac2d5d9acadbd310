"""No secret that the mock gave out leaves a session: by no way out, and not in part."""

import base64
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from pytest_casavi import scrub
from pytest_casavi.secret_text import SHOWN, Secrets

CONFTEST = """
import pytest
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    if "again" not in item.keywords:
        return None
    for reports in (runtestprotocol(item, nextitem=nextitem, log=False), runtestprotocol(item, nextitem=nextitem, log=False)):
        for report in reports:  # an attempt that failed is shown, as plugins that run tests again do
            item.ihook.pytest_runtest_logreport(report=report)
    return True
"""

LEAKS = """
import base64, json, logging, sys, warnings
from pathlib import Path
import httpx
import pytest

@pytest.fixture
def token(casavi):
    with httpx.Client(base_url=casavi.url, transport=casavi.transport, verify=False) as client:
        token = client.post("/authenticate", json={"key": casavi.key, "secret": casavi.secret}).json()["token"]
    with Path(__file__).with_name("given").open("a") as given:
        print(token, str(casavi.key), str(casavi.secret), file=given)
    return token

@pytest.fixture(scope="module")
def wide(casavi_server):
    with casavi_server.account() as account:
        yield account

def test_in_a_dict(token):
    assert {"token": token} == {"token": "x"}

def test_shortened(token):
    assert ["x" * 300, token, "y" * 300] == 1

def test_cut_at_both_ends(token):
    assert "a" * 100 + token + "b" * 100 == "a" * 100 + token[:20] + "c" + "b" * 90

def test_error(token):
    raise ValueError(f"{'x' * 40} {token} \\x1b]0;title\\x07 \\x00")

def test_warns(token):
    warnings.warn(f"the token is {token}", UserWarning)

@pytest.mark.xfail
def test_expected(token):
    pytest.xfail(f"because of {token}")

def test_skipped(token):
    pytest.skip(f"because of {token}")

def test_output(token, casavi, record_property, record_testsuite_property):
    logging.getLogger("client").warning("token %s", token)
    print(token, base64.b64encode(f"{casavi.key}:{casavi.secret}".encode()))
    print(json.dumps([token]), file=sys.stderr)
    record_property("token", token)
    record_testsuite_property("token", token)

@pytest.mark.again
def test_again(token):
    assert {"token": token} == 1

def test_wide(wide, token):
    with Path(__file__).with_name("given").open("a") as given:
        print(str(wide.key), str(wide.secret), file=given)
    assert [str(wide.secret) * 2, str(wide.key)] == 0

@pytest.fixture
def ends_badly(token):
    yield
    raise RuntimeError(token)

def test_end(ends_badly):
    pass
"""
SUBTESTS = """
def test_parts(token, subtests):
    with subtests.test(msg="part", token=token):
        print(token)
        assert token == "x"
"""
PARTS = 9
"""Characters of a secret that nobody finds by chance."""


def parts(secret: str) -> set[str]:
    return {secret[i : i + PARTS] for i in range(len(secret) - PARTS + 1)}


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-vv", "--showlocals", "-rA", "--log-cli-level=INFO"],
        ["--tb=short", "--color=yes", "--casavi-backend=inprocess"],
        ["--tb=native", "--show-capture=all", "-rA"],
    ],
    ids=" ".join,
)
def test_no_way_out_lets_a_secret_through(project: pytest.Pytester, options: list[str]) -> None:
    subtests = SUBTESTS if hasattr(pytest, "Subtests") else ""
    project.makeconftest(CONFTEST)
    files = ["--junit-xml=out.xml", "-o", "junit_logging=all", "--log-file=out.log", "--log-file-level=INFO"]
    project.makepyfile(LEAKS + subtests)
    project.makeini(
        "[pytest]\naddopts = --disable-plugin-autoload -p casavi -p no:cacheprovider\nmarkers = again: twice\n"
    )
    outcome = project.runpytest("-Wdefault", *files, "--casavi-report-dir=reports", *options)
    outcome.assert_outcomes(failed=9 if subtests else 7, passed=3, skipped=1, xfailed=1, errors=1, warnings=2)
    written = [outcome.outlines, outcome.errlines]
    texts = ["\n".join(lines) for lines in written]
    reports = list(project.path.joinpath("reports").iterdir())
    assert len(reports) >= 14
    files_written = (project.path / "out.xml", project.path / "out.log", *reports)
    texts += [path.read_text(encoding="utf-8") for path in files_written]
    secrets = set(project.path.joinpath("given").read_text().split())
    assert len(secrets) > 30
    wanted = set().union(*map(parts, secrets))
    for text in texts:
        assert [part for part in wanted if part in text] == []
        assert re.findall(r"\x1b(?!\[[0-9;]*m)|\x00", text) == []
    assert SHOWN in texts[0]
    assert SHOWN in texts[2]


@pytest.mark.parametrize("length", [8, 9, 12, 20, 30, 36])
def test_a_secret_is_found_cut_at_one_end(length: int) -> None:
    secrets = Secrets()
    for secret in (secrets.new(16), secrets.new(32), secrets.new_token()):
        for part in (secret[:length], secret[-length:]):
            assert secrets.clean(f"'{part}...'") == f"'{SHOWN}...'"


@pytest.mark.parametrize(
    "spelled",
    [
        str.upper,
        json.dumps,
        lambda text: quote(f'{{"token": "{text}"}}'),
        lambda text: base64.b64encode(f"u:{text}".encode()).decode(),
        lambda text: base64.urlsafe_b64encode(f"us:{text}:".encode()).decode(),
        lambda text: base64.b64encode(f"{text}:x".encode()).decode(),
    ],
)
def test_a_secret_is_found_however_it_is_spelled(spelled) -> None:
    made, given = Secrets(), Secrets()
    foreign = "given by somebody: äöü/\"'"
    given.remember(foreign)
    assert made.new(16).lower() not in made.clean(spelled(made.new(16))).lower()
    assert SHOWN in made.clean(spelled(made.new_token()))
    assert spelled is str.upper or SHOWN in given.clean(spelled(foreign))


def test_other_texts_are_left_alone() -> None:
    secrets = Secrets()
    for text in ("", "a job 63017d0d-8829-4175-9982-5adc003d8352", "x" * 1000, base64.b64encode(b"y" * 100).decode()):
        assert secrets.without_fragments(secrets.clean(text)) == text


def test_secrets_do_not_add_up() -> None:
    """Those that come from elsewhere are remembered, up to a bound."""
    secrets = Secrets()
    for number in range(300):
        secrets.remember(f"secret-{number:03}-of-{number:03}")
    assert secrets.clean("secret-099-of-099 secret-299-of-299") == f"secret-099-of-099 {SHOWN}"


@pytest.mark.parametrize("character", ["a", "x", "/", "-"])
def test_a_long_text_is_cleaned_in_one_go(character: str) -> None:
    """A report may show megabytes in base64; to look through them anew from each place would take hours."""
    secrets = Secrets(("0badcafe", "1badcafe"))
    filler, secret = character * 300_000, secrets.new(16)
    spelled = base64.b64encode(secret.encode()).decode()
    assert secrets.clean(filler) == filler
    assert secrets.clean(f"{filler} {secret} {filler} q={spelled} {filler}") == (
        f"{filler} {SHOWN} {filler} q={SHOWN} {filler}"
    )
    assert secrets.clean(f"{filler}{spelled.rstrip('=')}{filler}.") == f"{SHOWN}."


def test_secrets_of_two_sessions_differ() -> None:
    assert Secrets().marks != Secrets().marks
    assert len({Secrets().new_token() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("text", "shown"), [("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"), ("\x1b]0;x\x07\x00", r"\x1b]0;x\x07\x00")]
)
def test_only_colours_reach_a_terminal(text: str, shown: str) -> None:
    assert scrub.visible(text, colours=True) == shown
    assert "\x1b" not in scrub.visible(text)


def test_a_file_that_cannot_be_read_is_left(tmp_path: Path) -> None:
    scrub.scrub_file(None)
    scrub.scrub_file(str(tmp_path / "none.xml"))
    tmp_path.joinpath("raw").write_bytes(b"\xff")
    scrub.scrub_file(str(tmp_path / "raw"))
