"""What help and messages say, and what a shell completes."""

from collections.abc import Callable

import click
import pytest
from click.testing import Result

from casavi_fixtures import portfolio_names
from casavi_mock.cli.commands import VERBS, cli
from casavi_mock.cli.control import control
from casavi_mock.cli.control.output import filled
from casavi_mock.cli.limits import HELP
from casavi_mock.cli.serve import SECTIONS, serve
from casavi_mock.cli.text import counted
from tests.support.server import Live

Run = Callable[..., Result]


def lines_of(command: click.Command, name: str) -> list[str]:
    """Its help on a terminal of 80 columns."""
    return command.get_help(click.Context(command, info_name=name, terminal_width=80)).splitlines()


def test_help_of_serve_has_sections_and_leaves_the_limits_to_another_option(run: Run) -> None:
    short, limits = run("serve", "--help"), run("serve", "--help-limits")

    assert (short.exit_code, limits.exit_code) == (0, 0)
    for title in set(SECTIONS) - {"Limits"}:
        assert f"\n{title}:\n" in short.stdout
    flags = [f"--{name.replace('_', '-')} " for name in HELP]
    assert not any(flag in short.stdout for flag in flags)
    assert all(flag in limits.stdout for flag in flags)
    assert "--help-limits" in short.stdout
    assert len(lines_of(serve, "serve")) < 100


def test_every_option_of_serve_stands_in_a_section() -> None:
    sectioned = [name for names in SECTIONS.values() for name in names]

    assert {p.name for p in serve.params} - {"help_limits"} <= {*sectioned}
    assert len(sectioned) == len({*sectioned})


def test_help_of_control_lists_every_command_by_what_it_is_about() -> None:
    text = "\n".join(lines_of(control, "control"))

    assert all(f"\n  {name} " in text for name in control.commands)
    assert all(f"\n{title}:\n" in text for title in ("Server", "Accounts", "Data", "Journal", "Jobs", "Time", "Faults"))
    assert not any(line.endswith("...") for line in text.splitlines()[1:])


@pytest.mark.parametrize("verb", ["import", "health", "control", "env"])
def test_verbs_that_ask_a_server_do_not_listen(run: Run, verb: str) -> None:
    text = " ".join(run(verb, "--help").stdout.split())

    assert "Address of the server" in text
    assert "listen" not in text


@pytest.mark.parametrize("verb", VERBS)
def test_help_fits_into_80_columns(verb: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    assert max(map(len, lines_of(command, f"casavi-mock {verb}"))) <= 120
    examples = [line for line in lines_of(command, verb) if line.startswith("    casavi-mock ")]
    assert all(len(line) <= 112 for line in examples)


@pytest.mark.parametrize(
    ("number", "plural", "said"),
    [
        (1, "properties", "1 property"),
        (2, "properties", "2 properties"),
        (1, "responsibilities", "1 responsibility"),
        (1, "tokens expired", "1 token expired"),
        (0, "jobs", "0 jobs"),
        (1, "is", "1 is"),
    ],
)
def test_one_is_not_many(number: int, plural: str, said: str) -> None:
    assert counted(number, plural) == said


def test_templates_count() -> None:
    assert filled("{n} jobs unfinished; {a}, {b} polls", {"n": 1, "a": "x", "b": 2}) == "1 job unfinished; x, 2 polls"
    assert filled("it holds {r}", {"r": {"properties": 1, "units": 2}}) == "it holds 1 property, 2 units"
    assert filled("{done?done:waiting} jobs", {"done": True}) == "done jobs"


def test_messages_say_everything_once(run: Run, serve: Callable[..., Live]) -> None:
    url = serve().url
    refused = run("import", "-", "--url", url, stdin='{"contacts": [{"id": ""}, {"id": 7}]}').stderr
    run("import", "-", "--url", url, stdin="[]")
    violations = " ".join(run("control", "violations", "--url", url).stdout.split())

    assert refused.count("/contacts/0/id") == refused.count("/contacts/1/id") == 1
    assert 'got string ""' in refused
    assert violations.count("/contacts/0/id") == 1
    assert violations.lower().count("the body") == 1
    assert "got array. Repair" in violations
    wrong = run("import", "-", "--url", url, "--key", "k", "--secret", "s", stdin="{}").stderr
    assert len(wrong.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ser",), "serve"),
        (("serve", "--help-l"), "--help-limits"),
        (("serve", "--max-jo"), "--max-jobs"),
        (("serve", "--load", "small"), "small-house"),
        (("data", "show", "mid"), "mid-size"),
        (("check", "--only", "log-in"), "log-in-gives-a-token"),
        (("control", "faults", "add", "import"), "importMasterData"),
        (("health", "--pro"), "--profile"),
        (("env", "--shell", "dot"), "dotenv"),
    ],
    ids=lambda said: said if isinstance(said, str) else " ".join(said),
)
def test_a_shell_completes_names(completed: Callable[..., list[str]], words: tuple[str, ...], offered: str) -> None:
    assert offered in completed(*words)


def test_all_samples_are_offered(completed: Callable[..., list[str]]) -> None:
    assert {*portfolio_names()} <= {*completed("data", "show", "")}
