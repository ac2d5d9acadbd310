"""What Hypothesis writes, and what it reads of a project's code."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import configuration
from hypothesis.internal.conjecture import providers

from casavi_contracts.apart import hypothesis_apart


def home() -> Path | None:
    """The folder of Hypothesis, None if it is the usual one."""
    folder = getattr(configuration, "__hypothesis_home_directory")  # no attribute of a class
    return Path(folder) if folder else None


def test_it_writes_into_the_users_cache_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = home()

    with hypothesis_apart():
        assert home() == tmp_path / "cache" / "casavi-mock" / "hypothesis"

    assert home() == before
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_where_nothing_can_be_kept_the_folder_goes_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    with hypothesis_apart():
        passing = home()
        assert passing is not None
        assert passing.is_dir()

    assert not passing.exists()


def test_words_of_the_project_are_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own: Any = providers  # what is looked at is private to Hypothesis, and without it nothing is changed
    read = own._get_local_constants

    with hypothesis_apart():
        assert len(own._get_local_constants()) == 0

    assert own._get_local_constants is read


def test_a_hypothesis_that_reads_in_another_way_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delattr(providers, "_get_local_constants")

    with hypothesis_apart():
        assert not hasattr(providers, "_get_local_constants")
