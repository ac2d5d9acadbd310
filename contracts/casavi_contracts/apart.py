"""Hypothesis apart from the project in whose folder it is used: its files, and the project's code."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import configuration

_HOME = "__hypothesis_home_directory"
"""Where Hypothesis keeps its home folder; there is no function that tells it."""


@contextlib.contextmanager
def hypothesis_apart() -> Iterator[None]:
    """Keeps what Hypothesis writes out of the working directory, and lets it draw the same in every project."""
    before = getattr(configuration, _HOME, None)
    with _folder() as folder, _without_local_constants():
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(before)


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """Yields the folder for what Hypothesis knows of Unicode, which takes seconds to find out; it writes nothing else.

    It is the user's for such files. Where it cannot be written it is one that goes with the run.
    """
    given = os.environ.get("XDG_CACHE_HOME") or ""
    try:
        folder = (Path(given) if Path(given).is_absolute() else Path.home() / ".cache") / "casavi-mock" / "hypothesis"
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except (OSError, RuntimeError):  # no home, or one that cannot be written
        usable = False
    if usable:
        yield str(folder)
        return
    with tempfile.TemporaryDirectory(prefix="casavi-hypothesis-") as passing:
        yield passing


@contextlib.contextmanager
def _without_local_constants() -> Iterator[None]:
    """Keeps Hypothesis from drawing texts and numbers that stand in the code of the project.

    It reads all modules for them, which takes seconds; and then a seed would draw other cases in every project. There
    is no setting for that, so a version that does it in another way just goes on doing so.
    """
    providers: Any = None
    with contextlib.suppress(ImportError):
        from hypothesis.internal.conjecture import providers
    read = getattr(providers, "_get_local_constants", None)
    make = getattr(providers, "Constants", None)
    if read is None or make is None:
        yield
        return
    nothing = make()
    providers._get_local_constants = lambda: nothing
    try:
        yield
    finally:
        providers._get_local_constants = read
