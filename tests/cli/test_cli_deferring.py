"""A module that is put off is loaded when something of it is used, and by whoever imports it afterwards."""

import importlib
import sys
from pathlib import Path

import pytest

from casavi_mock.cli.deferring import Later, deferred


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that notes when it is loaded."""
    name = "a_module_to_be_put_off"
    (tmp_path / f"{name}.py").write_text("def get(): return 'got'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_it_is_loaded_when_it_is_used(module: str) -> None:
    with deferred(module):
        bound = importlib.import_module(module)
    assert isinstance(bound, Later)
    assert module not in sys.modules
    assert bound.get() == "got"
    assert sys.modules.pop(module).get() == "got"


def test_who_imports_it_afterwards_gets_the_module(module: str) -> None:
    with deferred(module):
        importlib.import_module(module)
    assert not isinstance(importlib.import_module(module), Later)
    sys.modules.pop(module)


def test_what_is_loaded_already_stays(module: str) -> None:
    loaded = importlib.import_module(module)
    with deferred(module):
        assert importlib.import_module(module) is loaded
    assert sys.modules.pop(module) is loaded


def test_what_it_lacks_is_said(module: str) -> None:
    with deferred(module):
        bound = importlib.import_module(module)
    with pytest.raises(AttributeError, match="put"):
        bound.put()
    sys.modules.pop(module)


def test_a_failure_leaves_nothing_behind(module: str) -> None:
    with pytest.raises(OSError, match="in the block"), deferred(module):
        raise OSError("in the block")
    assert module not in sys.modules
