"""Puts off the import of a library that another one asks for, and that this process will hardly need."""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any


class Later(ModuleType):
    """Stands for a module until something of it is needed, and then loads it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def deferred(name: str) -> Iterator[None]:
    """Lets modules that are imported in the block bind something that loads a module when it is used.

    Whoever imports the module after the block gets the module itself. For processes with one thread: another one that
    imported it in the meantime would get the stand-in too.

    Args:
        name: A module at the top of its package; if it is loaded already, nothing is put off.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = Later(name)
    try:
        yield
    finally:
        if isinstance(sys.modules.get(name), Later):
            del sys.modules[name]
