"""The pytest plugin is loaded by every pytest run of a project that has it installed, so it must cost nothing."""

import subprocess
import sys

HEAVY = {"connexion", "flask", "schemathesis", "hypothesis", "httpx"}


def modules_after(statement: str) -> set[str]:
    """Top-level modules that are loaded after a statement in a fresh interpreter."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_plugin_loads_nothing_heavy() -> None:
    assert modules_after("import pytest_casavi.plugin") & HEAVY == set()


def test_a_server_that_keeps_nothing_loads_no_database() -> None:
    assert "sqlite3" not in modules_after(
        "import casavi_mock.server.app, casavi_mock.server.serving, casavi_mock.cli.serve"
    )


def test_heavy_modules_would_be_seen() -> None:
    assert "flask" in modules_after("import flask.typing")
