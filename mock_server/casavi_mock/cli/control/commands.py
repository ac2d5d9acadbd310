"""Makes the commands of `casavi-mock control` from the control plane's document."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from casavi_mock.cli.control.client import Client
from casavi_mock.cli.control.connection import as_json, client_of, connection_options
from casavi_mock.cli.control.operations import Operation, Place, kebab, operations_of
from casavi_mock.cli.control.output import print_answer, print_violations, write
from casavi_mock.cli.options import CONTEXT, Number, Suggesting
from casavi_mock.cli.text import echo_json
from casavi_mock.control.document import Document, Schema, known_values

_SENTENCE = 200
"""Characters of a command's help in a list; click would cut it after some forty."""

_FILE = click.Path(dir_okay=False, allow_dash=True)


def control_group(document: Document, **settings: Any) -> "Group":
    """Returns the whole tree of commands.

    Args:
        document: The control plane's document.
        settings: Of the group at its root, as for `click.Group`.
    """
    known = operations_of(document)
    named: dict[str, list[Operation]] = {}
    for operation in known.values():
        for name in (operation.command["name"], *operation.command.get("also", ())):
            named.setdefault(name, []).append(operation)
    commands = {name: Command(name.rpartition(" ")[2], operations, known) for name, operations in named.items()}
    words = {name.partition(" ")[0]: operations[-1].tag for name, operations in named.items()}
    sections = {tag["name"]: [word for word in sorted(words) if words[word] == tag["name"]] for tag in document["tags"]}
    root = Group("control", former=document["x-former-commands"], sections=sections, **settings)
    for word, part in document["x-command-groups"].items():
        inside = [name for name in named if name.startswith(f"{word} ")]
        text = _help(part["help"], (operation for name in inside for operation in named[name]))
        usual = commands.get(f"{word} {part.get('usual')}")
        group = [commands.pop(name) for name in inside]
        root.add_command(Group(word, usual=usual, commands=group, help=text, short_help=part["help"]))
    for name, command in commands.items():
        assert " " not in name, f"x-command-groups of control/openapi.yaml lacks the first word of {name!r}"
        root.add_command(command)
    return root


class Command(click.Command):
    """Carries out the operation that its arguments choose.

    Args:
        name: The last of its words.
        operations: Those that bear its name; the one with the most arguments last.
        known: All operations by their id.
    """

    def __init__(self, name: str, operations: Sequence[Operation], known: Mapping[str, Operation]) -> None:
        self._operations = operations
        self._known = known
        self._places = {place.id: place for operation in operations for place in operation.places}
        more = (f"With {_values(one.places[0])}: {one.summary}" for one in operations[1:])
        super().__init__(
            name,
            params=[*self._parameters(), *connection_options()],
            help=_help(" ".join([operations[0].summary, *more]), operations),
            callback=self._run,
            context_settings=CONTEXT,
        )

    def _parameters(self) -> Iterator[click.Parameter]:
        chosen = len(self._operations) > 1  # its arguments choose, so each may be left out
        operation = self._operations[-1]
        for place in self._places.values():
            yield _parameter(place, operation.command.get("words", ()), optional=chosen or not place.required)
        if operation.command.get("body") == "file":
            yield click.Argument(["file"], type=click.File("rb"))
        if operation.command.get("answer") == "file":
            yield click.Argument(["file"], type=_FILE, default="-")
        for form in operation.formats:
            yield click.Option([f"--{form}"], type=_FILE, metavar="FILE", help=f"Write {form.upper()} to a file.")
        for name, verb in operation.command.get("afterwards", {}).items():
            summary = self._known[verb].summary.removesuffix(".")
            yield click.Option([f"--{name}"], is_flag=True, help=f"{summary}, afterwards.")
        present = {place.word for place in self._places.values()}
        for former, new in operation.body.get("x-former", {}).items():
            if (flag := f"--{kebab(former)}") not in present:
                yield click.Option([flag], hidden=True, expose_value=False, callback=_refusal(flag, f"--{kebab(new)}"))

    def _run(self, **values: Any) -> None:
        given = {name: value for name, value in values.items() if value not in (None, (), False)}
        operation = self._chosen(given)
        client = client_of(click.get_current_context())
        if operation.command.get("answer") == "file":
            write(given["file"], client.send(operation.request(given)))
            return
        files = {name: given[name] for name in operation.formats if name in given}
        for name, file in files.items():
            write(file, client.send(operation.request(given, format=name)))
        if operation.command.get("view") == "violations":
            with client.understood():
                self._judge(client.ask(operation.request(given)), quiet="-" in files.values())
        elif not files:
            self._show(operation, given, client)
        for name, verb in operation.command.get("afterwards", {}).items():
            if name in given:
                client.send(self._known[verb].request({}))

    def _chosen(self, given: Mapping[str, Any]) -> Operation:
        """Returns the operation that has the most of the arguments.

        Raises:
            click.UsageError: An option is given that belongs to another one.
        """
        operation = next((one for one in reversed(self._operations) if one.fits(given)), self._operations[-1])
        arguments = [place for place in self._operations[-1].places if place.argument]
        word = next((given[p.id] for p in arguments if given.get(p.id) in operation.command.get("words", ())), None)
        for place in self._places.values():
            if place.id in given and (place not in operation.places or (word and not place.argument)):
                goes = "does not go with" if operation is self._operations[-1] else "goes with"
                raise click.UsageError(f"{place.word} {goes} {word or _values(arguments[0])}")
        return operation

    def _show(self, operation: Operation, given: Mapping[str, Any], client: Client) -> None:
        answer = client.ask(operation.request(given))
        if as_json(_context()):
            _print_json(answer)
            return
        named = {place.names[-1]: given[place.id] for place in operation.places if place.id in given}
        with client.understood():
            print_answer({**named, **answer} if "says" in operation.command else answer, operation.command)

    def _judge(self, answer: Any, *, quiet: bool) -> None:
        """Shows violations, unless a report of them went to where they would be shown; ends with 1 for grave ones."""
        if not quiet:
            (_print_json if as_json(_context()) else print_violations)(answer)
        sys.exit(1 if any(line["severity"] in ("error", "warning") for line in answer["violations"]) else 0)


class Group(Suggesting):
    """Commands that begin with the same word; one of them may be meant if none is named, and gives its options then.

    Args:
        name: The word.
        usual: The command that is meant if none is named.
        former: Present names by former ones, which are refused.
        sections: Names of its commands by what they are about; in one list if empty.
        settings: As for `click.Group`.
    """

    def __init__(
        self,
        name: str,
        *,
        usual: click.Command | None = None,
        former: Mapping[str, str] | None = None,
        sections: Mapping[str, Sequence[str]] | None = None,
        **settings: Any,
    ) -> None:
        params = usual.params if usual else connection_options()
        settings |= {"invoke_without_command": True, "callback": self._run} if usual else {}
        super().__init__(name, params=params, context_settings=CONTEXT, **settings)
        self._usual = usual
        self._former = former or {}
        self._sections = sections or {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands, by what they are about, and below them the options."""
        width = max(map(len, self.commands), default=0)
        for title, names in (self._sections or {"commands": self.list_commands(ctx)}).items():
            rows = [(f"{name:{width}}", self.commands[name].get_short_help_str(_SENTENCE)) for name in names]
            if rows:
                with formatter.section(title.capitalize()):
                    formatter.write_dl(rows)
        click.Command.format_options(self, ctx, formatter)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command; refuses a former name."""
        if cmd_name in self._former:
            ctx.fail(f"{cmd_name!r} is {self._former[cmd_name]!r} now.")
        return super().get_command(ctx, cmd_name)

    def _run(self, **values: Any) -> None:
        """Runs the usual command, unless another one is named; to that its options mean nothing."""
        ctx = click.get_current_context()
        assert self._usual is not None, "it is called for the usual command alone"
        if ctx.invoked_subcommand is None:
            ctx.invoke(self._usual, **values)
        elif any(ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in values):
            ctx.fail(f"give the options of {ctx.invoked_subcommand!r} behind its name")


class Known(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """A value that the code knows; completed here, and judged by the server, whose contract may be another one.

    Args:
        values: As `x-values` names them.
    """

    name = "text"

    def __init__(self, values: str) -> None:
        self._values = values

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Returns the values that begin like what was typed."""
        return [CompletionItem(value) for value in known_values(self._values) if value.startswith(incomplete)]


def _parameter(place: Place, words: Iterable[str], *, optional: bool) -> click.Parameter:
    """Returns the argument or the option for a place; some words may stand for a whole body."""
    several = place.schema.get("type") == "array"
    kind = _kind(place.schema["items"] if several else place.schema, words)
    if not place.argument:
        return click.Option([place.word, place.id], type=kind, multiple=several, help=place.schema.get("description"))
    shown = None if isinstance(kind, click.Choice) else f"[{place.word}]" if optional else place.word
    return click.Argument([place.id], type=kind, required=not optional, metavar=shown)


def _kind(schema: Schema, words: Iterable[str]) -> Any:
    bounds = schema.get("minimum"), schema.get("maximum")
    if "x-values" in schema:
        return Known(schema["x-values"])
    if "enum" in schema:
        return click.Choice([*schema["enum"], *words])
    kinds: Mapping[Any, Any] = {"integer": click.IntRange(*bounds), "number": Number(*bounds)}
    return kinds.get(schema.get("type"), click.STRING)


def _values(place: Place) -> str:
    return ", ".join(place.schema.get("enum", [place.word]))


def _help(text: str, operations: Iterable[Operation]) -> str:
    examples = dict.fromkeys(line for operation in operations for line in operation.command.get("examples", ()))
    lines = "".join(f"\n  casavi-mock control {line}" for line in examples)
    return f"{text}\n\n\b\nExamples:{lines}" if lines else text


def _refusal(former: str, new: str) -> Any:
    def refuse(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            ctx.fail(f"{former} is {new} now.")

    return refuse


def _context() -> click.Context:
    return click.get_current_context()


def _print_json(answer: Any) -> None:
    echo_json(answer)
