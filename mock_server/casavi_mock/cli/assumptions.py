"""`casavi-mock assumptions`: every guess about casavi, by name."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import click
import orjson
from rich.text import Text

from casavi_contracts import spec
from casavi_mock.accounts import own_register
from casavi_mock.cli import todo as work_of_guesses
from casavi_mock.cli.options import CONTEXT
from casavi_mock.cli.profiles import profile_option
from casavi_mock.cli.tables import print_table
from casavi_mock.cli.text import counted, json_bytes
from casavi_mock.errors import ConfigurationError

Register = Mapping[str, spec.Assumption]

_INTRODUCTION = """\
# Assumptions

Much of the real API is not documented. Every guess has a name here, with the value the mock takes, what else is
possible, the reason, and how a run against the real API could answer the question. Made by `make docs` from the
register in the contract document; do not edit.

Change one in a profile, and start with `casavi-mock serve --profile profile.toml`:

```toml
[assumptions]
token-lifetime-days = 1
```"""

_OWN = """
## Rules of the mock itself

By these it refuses as a server, or as it was told to, and not as casavi. No operation of the contract lists them, and
no profile changes them, or the guess on which they rest. The options behind them are in [limits.md](limits.md).

| rule | status | title |
|---|---|---|"""


@click.command("assumptions", context_settings=CONTEXT)
@profile_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown", "toml"]),
    default="table",
    show_default=True,
    help="`toml` is a profile to start from.",
)
@click.option("--todo", is_flag=True, help="Each guess by the work that it needs: record, run a check, ask casavi.")
def show_assumptions(profile: Mapping[str, Any] | None, form: str, todo: bool) -> None:
    """Print what is guessed about casavi: question, value, what else is possible, and why.

    \b
    Examples:
      casavi-mock assumptions
      casavi-mock assumptions --format toml > profile.toml
      casavi-mock assumptions --todo --profile casavi/profile.toml
    """
    if todo and form not in ("table", "json"):
        raise click.UsageError(f"--todo is a table or JSON; it has no form {form!r}")
    register, values = _applied(profile or {})
    if todo:
        works = work_of_guesses.work(register)
        if form == "json":
            click.echo(json_bytes([*work_of_guesses.as_json(works)]))
        else:
            work_of_guesses.show(works, len(register) - len(works))
    elif form == "table":
        _print_table(register, values)
    else:
        makers = {"json": _json, "markdown": _markdown, "toml": _toml}
        click.echo("\n".join(makers[form](register, values)).encode())  # files in UTF-8, whatever the locale is


def _applied(profile: Mapping[str, Any]) -> tuple[Register, Mapping[str, Any]]:
    """Returns the register with the marks that a profile's evidence gives, and the values of the profile."""
    register = spec.assumptions(spec.load_document())
    try:
        whole = spec.contract_documents(*(profile.get(name) for name in ("assumptions", "overlay", "evidence")))
    except spec.ProfileError as error:
        raise ConfigurationError(str(error)) from error
    seen = spec.assumptions(whole.by_version["v1"])
    marked = {
        name: replace(entry, evidence=seen[name].evidence, observed=seen[name].observed)
        for name, entry in register.items()
    }
    return marked, whole.values


def _print_table(register: Register, values: Mapping[str, Any]) -> None:
    rows = []
    for name, entry in register.items():
        changed = "" if values[name] == entry.value else " (changed)"
        value = Text(shown(values[name]) + changed, style="bold")
        rows.append((name, value, entry.possible, _evidence(entry), entry.question))
    print_table(("assumption", "value", "possible", "evidence", "question"), rows, whole=("assumption", "evidence"))
    click.echo(
        f"\n{len(register)} assumptions. Change one in a profile: [assumptions] name = value, serve --profile FILE"
    )


def _evidence(entry: spec.Assumption) -> str:
    """Returns the mark, with count and days where a user has observed the value."""
    told = entry.observed
    if told is None:
        return entry.evidence
    days = sorted({str(at)[:10] for at in (told.get("first"), told.get("last")) if at})
    seen = f" {counted(told['count'], 'times')}" if told.get("count") else ""
    return f"{entry.evidence}{seen}{', ' if days else ''}{' to '.join(days)}"


def _json(register: Register, values: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        {
            "name": name,
            "question": entry.question,
            "value": values[name],
            "default": entry.value,
            "possible": entry.possible,
            "schema": entry.schema,
            "evidence": entry.evidence,
            **({"observed": entry.observed} if entry.observed else {}),
            "source": entry.source,
            "reason": entry.reason,
            "check": entry.check,
        }
        for name, entry in register.items()
    ]
    yield json_bytes(rows).decode()


def _markdown(register: Register, values: Mapping[str, Any]) -> Iterator[str]:
    yield _INTRODUCTION
    for name, entry in register.items():
        yield from _section(name, entry, values[name])
    own = own_register()
    yield _OWN
    for rule in own.rules.values():
        yield f"| `{rule.name}` | {rule.status or 'in a job'} | {rule.title} |"
    for name, entry in own.assumptions.items():
        yield from _section(name, entry, entry.value)


def _section(name: str, entry: spec.Assumption, value: Any) -> Iterator[str]:
    yield ""
    yield f"## {name}"
    yield f"**{entry.question}** `{shown(value)}` ({entry.evidence}). Possible: {entry.possible}."
    yield f"{entry.reason} *To find out:* {entry.check}"


def _toml(register: Register, values: Mapping[str, Any]) -> Iterator[str]:
    yield "# A profile for `casavi-mock serve --profile FILE`. Uncomment what you know better."
    yield ""
    yield "[assumptions]"
    for name, entry in register.items():
        mark = "# " if values[name] == entry.value else ""
        yield ""
        yield f"# {entry.question} ({entry.evidence})"
        yield f"# possible: {entry.possible}"
        yield f"{mark}{name} = {shown(values[name])}"


def shown(value: Any) -> str:
    """Returns a value as it stands in a profile."""
    return orjson.dumps(value).decode()  # JSON and TOML agree on all the kinds of values that occur here
