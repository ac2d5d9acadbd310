"""Where settings come from (options, variables, profiles), and what is refused in them by name."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from casavi_fixtures import portfolio_bytes
from casavi_mock.cli.env import _FORMS
from casavi_mock.cli.options import local_url
from casavi_mock.errors import ConfigurationError
from casavi_mock.server.serving import bind
from tests.support.server import Live, Mock

Run = Callable[..., Result]

CONTACT = '{"contacts": [{"id": "1"}]}'

HARD = [
    "plain-1.0", "a #b", "#", "${HOME}", "$HOME", "`id`", "it's", 'say "x"', "it's \"both\" $HOME `x`", " ends ", "a\\b", "a\\\\b", "end\\",
    "line\nend", "ü😀", "a=b", "%PATH%", "!x", "‘typographic’", "“double”", "~", "*", "", "'", "a\\'b $x",
]  # fmt: skip


def profile(folder: Path, text: str, name: str = "p.toml") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("value", HARD)
def test_a_posix_shell_reads_what_env_prints(value: str) -> None:
    line = _FORMS["sh"]("V", value)

    assert shlex.split(line) == ["export", f"V={value}"]


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
def test_a_posix_shell_sources_dotenv_and_sh() -> None:
    for form in ("sh", "dotenv"):
        for value in HARD:
            if form == "dotenv" and "\n" in value:  # an escape, which a shell takes for two characters
                continue
            script = f"{_FORMS[form]('V', value)}\nprintf '%s|' \"$V\""
            printed = subprocess.run(
                ["sh", "-c", script], capture_output=True, text=True, check=True, env={"HOME": "/x"}
            ).stdout
            assert printed == f"{value}|", form


@pytest.mark.parametrize("value", HARD)
def test_other_shells_get_their_own_quotes(value: str) -> None:
    fish = _FORMS["fish"]("V", value).removeprefix("set -gx V ")
    assert re.sub(r"\\([\\'])", r"\1", fish[1:-1]) == value
    assert re.fullmatch(r"'(?:[^\\']|\\[\\'])*'", fish)

    power = _FORMS["powershell"]("V", value).removeprefix("$env:V = ")
    assert "\n" not in power
    if power.startswith("'"):
        assert re.sub("(['‘’‚‛])\\1", r"\1", power[1:-1]) == value
    else:
        assert re.sub("`(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), power[1:-1]) == value


@pytest.mark.parametrize("value", HARD)
def test_dotenv_files_are_quoted(value: str) -> None:
    written = _FORMS["dotenv"]("V", value).removeprefix("V=")

    assert "\n" not in written
    if written.startswith("'"):
        assert written == f"'{value}'"
        assert "'" not in value
    elif written.startswith('"'):
        assert re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), written[1:-1]) == value
        assert not re.search(r'(?<!\\)(?:\\\\)*[$`"]', written[1:-1])
    else:
        assert written == value
        assert not set(value) & set(" #$`'\"\\\n")


def test_env_prints_the_bytes_of_a_value_in_any_encoding(run: Run) -> None:
    result = run("env", "--shell", "dotenv", CASAVI_API_KEY="Łódź", CASAVI_API_SECRET="a #b")

    assert result.stdout_bytes.decode().splitlines()[1:] == ["CASAVI_API_KEY='Łódź'", "CASAVI_API_SECRET='a #b'"]
    assert "the mock is at http://127.0.0.1:4227" in result.stderr
    assert "a #b" not in result.stderr


@pytest.mark.parametrize(
    ("words", "variables", "named"),
    [
        (["env"], {"CASAVI_API_KEY": "k\r", "CASAVI_API_SECRET": "s"}, "CASAVI_API_KEY"),
        (["env"], {"CASAVI_API_KEY": "k", "CASAVI_API_SECRET": "s\r\n"}, "CASAVI_API_SECRET"),
        (["import", "-"], {"CASAVI_API_KEY": "k\x7f", "CASAVI_API_SECRET": "s"}, "CASAVI_API_KEY"),
        (["import", "-", "--key", "a\nb"], {}, "--key"),
        (["import", "-"], {"CASAVI_URL": "http://127.0.0.1:1\r"}, "CASAVI_URL"),
        (["health", "--host", "127.0.0.1\r"], {}, "--host"),
        (["health", "--url", "http://127.0.0.1:1/\x1b"], {}, "--url"),
        (["doctor"], {"CASAVI_MOCK_HOST": "0.0.0.0\r"}, "CASAVI_MOCK_HOST"),
        (["serve"], {"CASAVI_MOCK_PORT": "4227\r"}, "CASAVI_MOCK_PORT"),
        (["serve"], {"CASAVI_MOCK_LOG_FORMAT": "text\r"}, "CASAVI_MOCK_LOG_FORMAT"),
        (["serve"], {"CASAVI_MOCK_PROFILE": "p.toml\r"}, "CASAVI_MOCK_PROFILE"),
        (["serve", "--account", "k:s\x85"], {}, "--account"),
        (["serve"], {"CASAVI_MOCK_STATE": "house.json\r"}, "CASAVI_MOCK_STATE"),
        (["control", "clock", "--account", "k\x9b"], {}, "--account"),
        (["control", "clock"], {"CASAVI_MOCK_CONTROL_TOKEN": "t\r"}, "CASAVI_MOCK_CONTROL_TOKEN"),
        (["control", "--host", "mock\t", "clock"], {}, "--host"),
        (["check"], {"CASAVI_URL": "http://127.0.0.1:1\r"}, "CASAVI_URL"),
        (["check"], {"CASAVI_API_KEY_2": "k\r"}, "CASAVI_API_KEY_2"),
        (["env", "--key", "k\udcff", "--secret", "s"], {}, "--key"),
    ],
)  # fmt: skip
def test_control_characters_are_refused_by_name(
    run: Run, words: list[str], variables: dict[str, str], named: str
) -> None:
    result = run(*words, stdin="{}", **variables)

    assert (result.exit_code, named in result.stderr) == (2, True), result.output
    assert all(line.isprintable() for line in result.output.split("\n"))
    assert "Traceback" not in result.output


def test_a_secret_may_have_several_lines(run: Run) -> None:
    result = run("env", "--shell", "dotenv", CASAVI_API_KEY="k", CASAVI_API_SECRET="one\ntwo")

    assert r'CASAVI_API_SECRET="one\ntwo"' in result.stdout


def test_every_verb_finds_the_server_of_a_profile(run: Run, serve: Callable[..., Live], tmp_path: Path) -> None:
    url = serve().url
    port = url.rpartition(":")[2]
    file = profile(tmp_path, f"[server]\nport = {port}\nhost = '127.0.0.1'\naccount = ['k:s']\npolls = 3\n")

    for words in (("health",), ("control", "clock"), ("control", "--profile", file, "clock", "now"), ("import", "-")):
        assert run(*words, stdin=CONTACT, CASAVI_MOCK_PROFILE=file).exit_code == 0
    assert run("control", "clock", "now", "--profile", file).exit_code == 0
    assert run("control", "clock", "--profile", file, "now").exit_code == 0
    assert run("health", "--profile", file).exit_code == 0
    assert f"=http://127.0.0.1:{port}" in run("env", "--profile", file).stdout
    assert run("health", "--profile", file, CASAVI_MOCK_PORT="1").exit_code == 1
    assert run("control", "clock", "--profile", file, "--port", "1").exit_code == 2


def test_the_command_line_beats_the_url_of_a_variable(run: Run, serve: Callable[..., Live]) -> None:
    port = serve().url.rpartition(":")[2]

    for words in (("import", "-"), ("control", "clock"), ("control", "--port", port, "clock", "now")):
        given = () if "--port" in words else ("--port", port)
        assert run(*words, *given, stdin=CONTACT, CASAVI_URL="http://127.0.0.1:1").exit_code == 0


@pytest.mark.parametrize("host", ["::1", "[::1]", "[::]", "::"])
def test_addresses_of_ipv6_are_understood_everywhere(run: Run, host: str) -> None:
    port = "1"
    expected = local_url(host.strip("[]"), 1)

    assert f"CASAVI_URL={expected}" in run("env", "--host", host, "--port", port, "--shell", "dotenv").stdout.replace(
        "'", ""
    )
    assert f"{expected}/_mock/ready" in run("health", "--host", host, "--port", port).stderr
    assert f"{expected}/_mock/clock" in run("control", "--host", host, "clock", "--port", port).stderr


def test_no_host_is_an_address_with_more_in_it(run: Run) -> None:
    for host in ("http://mock", "mock:80", "a/b", "[::1]:80", "user@mock"):
        result = run("env", "--host", host)
        assert (result.exit_code, "--host" in result.stderr) == (2, True)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="the system has no sockets for both families")
def test_all_addresses_are_those_of_both_families() -> None:
    try:
        listening = bind("::", 0)
    except ConfigurationError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    port = listening.getsockname()[1]
    with listening:
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), timeout=60).close()
    assert local_url("::", port) == f"http://127.0.0.1:{port}"
    assert local_url("0.0.0.0", 1) == local_url("", 1) == "http://127.0.0.1:1"
    assert local_url("fe80::1%eth0", 1) == "http://[fe80::1%25eth0]:1"


def test_names_of_a_profile_are_told_at_once_each_with_the_nearest(run: Run, tmp_path: Path) -> None:
    settings = profile(tmp_path, "[server]\nprot = 1\nprogres = 'time'\nzzz = 1\n")
    result = run("serve", "--profile", settings)
    assert result.exit_code == 2
    for said in (
        "'prot'",
        "did you mean 'port'?",
        "'progres'",
        "did you mean 'progress'?",
        "'zzz'",
        "possible settings are",
    ):
        assert said in result.stderr

    tables = run("env", "--profile", profile(tmp_path, "[sever]\n[assumption]\n"))
    assert all(said in tables.stderr for said in ("[sever]", "'server'", "[assumption]", "'assumptions'"))

    guesses = profile(tmp_path, "[assumptions]\nupserts = 'merge'\ntoken-lifetime-day = 1\nupsert = 'never'\n")
    result = run("serve", "--profile", guesses)
    said = (
        "'upserts'",
        "did you mean 'upsert'?",
        "'token-lifetime-day'",
        "did you mean 'token-lifetime-days'?",
        "'never'",
    )
    assert all(word in result.stderr for word in said), result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[server\n", "not valid TOML"),
        (b"[server]\nprot = 1\n", "did you mean 'port'"),
        (b"server = 1\n", "[server] has to be a table"),
        (b"assumptions = 1\n", "[assumptions] has to be a table"),
        (b"[assumptions]\nno-such = 1\n", "no-such"),
        (b"[server]\nport = 'x'\n", "port"),
        (b"\xff\xfe[\x00", "UTF-16"),
        (b"\xff", "not valid TOML"),
        (None, "No such file"),
    ],
)
def test_doctor_reports_a_broken_profile(run: Run, tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "p.toml"
    if content is not None:
        file.write_bytes(content)
    result = run("doctor", "--port", "0", "--profile", str(file))

    assert result.exit_code == 1, result.output
    assert any(line.startswith("bad ") and said in line for line in result.stdout.splitlines()), result.output
    assert "casavi-mock" in result.stdout
    strict = run("serve", "--profile", str(file))
    assert (strict.exit_code, said in strict.stderr) == (2, True), strict.output


@pytest.mark.parametrize("word", ["serv", "helth", "controll", "imprt"])
def test_a_misspelt_verb_is_suggested(run: Run, word: str) -> None:
    assert "Did you mean '" in run(word).stderr
    assert "Did you mean 'clock'?" in run("control", "clok").stderr
    assert "Did you mean 'generate'?" in run("data", "genrate").stderr


# Files that people have lying about.


@pytest.fixture
def account() -> Mock:
    return Mock()


def test_a_folder_is_loaded_without_what_lies_about_in_it(run: Run, tmp_path: Path) -> None:
    from casavi_mock.server.portfolios import load

    for name, content in {
        ".hidden.json": b"{", "._1.json": b"\x00\x05\x16\x07", "1.JSON": b'{"contacts": [{"id": "1"}]}', "notes.txt": b"x",
        "2.Json": b'\xef\xbb\xbf{"contacts": [{"id": "2"}]}', "3.json": b'{"contacts": [{"id": "3"}]}', "4.json~": b"{",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / ".git").mkdir()
    assert load(Mock().account(), str(tmp_path)) == {"contacts": 3}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bad.json", b"{", "bad.json: "),
        ("wide.json", '{"contacts": []}'.encode("utf-16"), "UTF-16"),
        ("wide-le.json", '{"contacts": []}'.encode("utf-16-le"), "UTF-16"),
        ("wide-be.json", '{"contacts": []}'.encode("utf-16-be"), "UTF-16"),
        ("latin.json", '{"contacts": [{"id": "ü"}]}'.encode("latin-1"), "latin.json: "),
    ],
)
def test_a_broken_file_is_one_line_with_its_name(
    run: Run, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    for target in (tmp_path, tmp_path / name):
        result = run("serve", "--load", str(target))
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.output
        assert name in result.stderr
        assert said in result.stderr


def test_a_link_that_leads_nowhere_and_what_cannot_be_read_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    for target in (tmp_path, tmp_path / "gone.json"):
        result = run("serve", "--load", str(target))
        assert (result.exit_code, "gone.json" in result.stderr) == (2, True)
        assert len(result.stderr.splitlines()) == 1


def test_byte_order_marks_are_taken(run: Run, serve: Callable[..., Live], tmp_path: Path) -> None:
    url = serve().url
    marked = tmp_path / "marked.json"
    marked.write_bytes(b"\xef\xbb\xbf" + portfolio_bytes("small-house"))
    file = tmp_path / "p.toml"
    file.write_bytes(b"\xef\xbb\xbf[server]\r\nport = 7\r\n")

    assert run("import", str(marked), "--url", url).exit_code == 0
    assert run("import", "-", "--url", url, stdin=marked.read_bytes()).exit_code == 0
    assert run("control", "load", str(marked), "--url", url).exit_code == 0
    assert "127.0.0.1:7" in run("env", "--profile", str(file)).stdout
    marked.write_bytes('{"contacts": []}'.encode("utf-16"))
    for words in (("import", str(marked)), ("control", "load", str(marked))):
        result = run(*words, "--url", url)
        assert (result.exit_code, "UTF-16" in result.stderr) == (2, True), result.output


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("verb", ["import", "control load"])
def test_a_pipe_is_read_as_standard_input_is(run: Run, serve: Callable[..., Live], tmp_path: Path, verb: str) -> None:
    url, pipe = serve().url, tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(portfolio_bytes("small-house"),))
    writer.start()
    result = run(*verb.split(), str(pipe), "--url", url)
    writer.join()

    assert result.exit_code == 0, result.output
    assert json.loads(run("control", "health", "--url", url, "--json").stdout)["records"]["units"] == 6


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_loaded_at_the_start(tmp_path: Path) -> None:
    from casavi_mock.server.portfolios import load

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(portfolio_bytes("small-house"),))
    writer.start()
    assert load(Mock().account(), str(pipe))["units"] == 6
    writer.join()


@pytest.mark.parametrize(
    "url", ["casavi.test", "ftp://mock", "http://", "http://mock:x", "http://mock/?a=1", "http://a:b@c"]
)
def test_an_unusable_address_is_refused(run: Run, url: str) -> None:
    result = run("serve", "--base-url", url)

    assert result.exit_code == 2
    assert "give an address" in result.stderr


def test_an_unusable_control_token_is_refused_and_not_repeated(run: Run) -> None:
    result = run("serve", CASAVI_MOCK_CONTROL_TOKEN="half a token")

    assert result.exit_code == 2
    assert "no blanks" in result.stderr
    assert "half a token" not in result.stderr


def test_the_address_that_is_told_is_printed(start: Callable) -> None:
    running = start("--base-url", "http://127.0.0.1:1/manager/", "--control-token", "t0ken", "--log-format", "json")

    _, log = running.stop()

    assert json.loads(running.printed[-1])["url"] == "http://127.0.0.1:1/manager"
    assert "t0ken" not in log + "".join(running.printed)
