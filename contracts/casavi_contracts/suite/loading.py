"""What a user brings along: modules with checks, and an application in place of an address."""

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

from casavi_contracts.checks.definition import Check
from casavi_contracts.failures import CouldNotRun


def checks_in(modules: tuple[str, ...], folder: Path) -> list[Check]:
    """Returns the checks that are defined in modules, in the order in which they stand there.

    Args:
        modules: Dotted names; they are looked for in the folder too.
        folder: Where the command was given.

    Raises:
        CouldNotRun: A module cannot be imported, or has no check.
    """
    found: list[Check] = []
    for name in modules:
        module = _imported(name, folder, "--checks")
        own = [value for value in vars(module).values() if isinstance(value, Check) and value not in found]
        if not own:
            raise CouldNotRun(f"--checks {name}: the module has no check (a function with @check)")
        found += own
    return found


def application_at(place: str, folder: Path) -> Any:
    """Returns the ASGI application at `MODULE:ATTRIBUTE`; one for WSGI is wrapped.

    Args:
        place: Where it is; an attribute that takes no argument is called and returns it.
        folder: Where the command was given.

    Raises:
        CouldNotRun: There is none.
    """
    name, _, attribute = place.partition(":")
    found: Any = _imported(name, folder, "--app")
    for part in (attribute or "app").split("."):
        found = getattr(found, part, None)
    if found is None or not callable(found):
        raise CouldNotRun(f"--app {place}: there is no application of that name; give MODULE:ATTRIBUTE")
    kind = _parameters(found)
    if kind == 0:
        found = found()
        kind = _parameters(found)
    if kind == 2 and not _is_async(found):
        from a2wsgi import WSGIMiddleware

        return WSGIMiddleware(found)
    return found


def _imported(name: str, folder: Path, option: str) -> Any:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    except Exception as error:  # whatever the user's module does wrong is told in a sentence
        raise CouldNotRun(f"{option} {name}: it cannot be imported: {type(error).__name__}: {error}") from error


def _parameters(found: Any) -> int:
    """Returns how many arguments an application takes: three for ASGI, two for WSGI, none for a factory."""
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return 3
    needed = [one for one in signature.parameters.values() if one.default is one.empty and one.kind < one.KEYWORD_ONLY]
    return len([one for one in needed if one.kind is not one.VAR_POSITIONAL])


def _is_async(found: Any) -> bool:
    return inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(type(found).__call__)
