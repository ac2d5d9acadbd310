"""What a client does to an account, as JSON: so that a sequence can be written down, and played again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs

from casavi_contracts.failures import CouldNotRun

Command = Mapping[str, Any]
"""One of these:

- `{"do": "authenticate", "account": 0}`: logs in
- `{"do": "refresh", "account": 0, "token": 0, "key": 1}`: refreshes a token; with the key of another account if `key`
  is there
- `{"do": "show", "account": 0, "token": 0}`: reads with a token
- `{"do": "expire", "account": 0}`: waits for what was imported, and then until every token has expired
- `{"do": "wait", "account": 0, "seconds": 1}`: lets time pass
- `{"do": "import", "account": 0, "portfolio": …, "note": "…"}`: imports, and does not wait; the note is for people
- `{"do": "fill", "account": 0, "count": 30}`: imports so many contacts, and a property with as many units
- `{"do": "poll", "import": 0, "account": 1}`: looks at the job of an import; as another account if `account` is there
- `{"do": "read", "account": 0}`: waits for what was imported, then reads everything
- `{"do": "walk", "account": 0}`: walks through all pages, whatever is still being imported

Accounts and imports are counted from 0, an import that is refused too. Tokens of an account are counted back from the
newest, which is 0; where there are not so many, it is the oldest one. Ids of records are local ones.
"""

MOST_RECORDS = 100
"""Records of one kind that an import is filled with at most."""

_NUMBER = {"type": "integer", "minimum": 0}
_ACCOUNT = {"type": "integer", "minimum": 0, "maximum": 1}
_MEMBERS: Mapping[str, Mapping[str, Any]] = {
    "authenticate": {"account": _ACCOUNT},
    "refresh": {"account": _ACCOUNT, "token": _NUMBER, "key": _ACCOUNT},
    "show": {"account": _ACCOUNT, "token": _NUMBER},
    "expire": {"account": _ACCOUNT},
    "wait": {"account": _ACCOUNT, "seconds": {"type": "number", "minimum": 0}},
    "import": {"account": _ACCOUNT, "portfolio": {}, "note": {"type": "string"}},
    "fill": {"account": _ACCOUNT, "count": {"type": "integer", "minimum": 1, "maximum": MOST_RECORDS}},
    "poll": {"import": _NUMBER, "account": _ACCOUNT},
    "read": {"account": _ACCOUNT},
    "walk": {"account": _ACCOUNT},
}
_OPTIONAL = {("refresh", "key"), ("import", "note"), ("poll", "account")}

_FORM = jsonschema_rs.Draft202012Validator(
    {
        "type": "array",
        "items": {
            "oneOf": [
                {
                    "properties": {"do": {"enum": [name]}, **members},
                    "required": ["do", *(member for member in members if (name, member) not in _OPTIONAL)],
                    "additionalProperties": False,
                    "type": "object",
                }
                for name, members in _MEMBERS.items()
            ]
        },
    }
)


def checked(case: Any) -> Sequence[Command]:
    """Returns a case as commands.

    Raises:
        casavi_contracts.failures.CouldNotRun: It is no sequence of commands.
    """
    for error in _FORM.iter_errors(case):
        number = next(iter(error.instance_path), None)
        raise CouldNotRun(f"step {number + 1} is no command" if isinstance(number, int) else "the case is no list")
    commands: Sequence[Command] = case
    imports = [command["do"] in ("import", "fill") for command in commands]
    for number, command in enumerate(commands):
        if command["do"] == "poll" and command["import"] >= sum(imports[:number]):
            raise CouldNotRun(f"step {number + 1} is about import {command['import']}, which comes later or never")
    return commands


def told(commands: Sequence[Command]) -> Iterator[str]:
    """Yields each command in a line for people."""
    imports = 0
    for command in commands:
        if command["do"] in ("import", "fill"):
            yield f"{_line(command)} [import {imports}]"
            imports += 1
        else:
            yield _line(command)


def _line(command: Command) -> str:
    who = f"account {command.get('account', 0)}"
    match command["do"]:
        case "authenticate":
            return f"{who} logs in"
        case "refresh":
            key = f" with the key of account {command['key']}" if "key" in command else ""
            return f"{who} refreshes {_token(command)}{key}"
        case "show":
            return f"{who} reads with {_token(command)}"
        case "expire":
            return f"{who} waits until all its tokens have expired"
        case "wait":
            return f"{who} waits {command['seconds']:g} s"
        case "import":
            note = f" ({command['note']})" if "note" in command else ""
            return f"{who} imports{note} {json.dumps(command['portfolio'])}"
        case "fill":
            return f"{who} imports {command['count']} contacts, and a property with as many units"
        case "poll":
            return f"{who if 'account' in command else 'its account'} looks at the job of import {command['import']}"
        case "read":
            return f"{who} waits for its imports and reads everything"
        case _:
            return f"{who} walks through all pages"


def _token(command: Command) -> str:
    return f"its token {command['token']} before the newest" if command["token"] else "its newest token"
