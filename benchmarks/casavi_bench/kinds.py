"""The servers that are compared, and how each is started."""

import importlib.metadata
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from casavi_bench.bodies import KEY, SECRET
from casavi_bench.server import HOST, Kind

OURS = "casavi-mock"
BENCHMARKS = Path(__file__).parents[1]
PEERS = BENCHMARKS / "peers"

ARGUMENTS = ("--port", "{port}", "--progress", "immediate")
"""How ours is started: jobs take no time, so that an import has been executed when it is answered; the rest is default."""


def ours(*arguments: str, script: Path | None = None) -> Kind:
    """Returns our server as a user starts it.

    Args:
        arguments: Further ones.
        script: Starts it in place of the command, with the same arguments.
    """
    start = [str(script)] if script else ["-m", "casavi_mock"]
    return Kind(
        name=OURS,
        title=f"casavi-mock {importlib.metadata.version('casavi-mock')}",
        command=[sys.executable, *start, "serve", *ARGUMENTS, *arguments],
        lacks="nothing is switched off: contract, token, journal, log of jobs; imports are executed",
    )


def starlette(document: Path) -> Kind:
    return Kind(
        name="starlette",
        title=f"bare Starlette {importlib.metadata.version('starlette')}",
        command=_uvicorn("starlette_app"),
        lacks="checks nothing, keeps nothing: parses JSON and answers something fixed",
        checks=False,
    )


def connexion(document: Path) -> Kind:
    return Kind(
        name="connexion",
        title=f"connexion {importlib.metadata.version('connexion')} AsyncApp, by hand",
        command=_uvicorn("connexion_app"),
        environment={"BENCH_DOCUMENT": str(document), "BENCH_KEY": KEY, "BENCH_SECRET": SECRET},
        lacks="executes no import, keeps no journal; its operations are 40 lines written for this comparison",
        slow_import=True,
    )


def connexion_mock(document: Path) -> Kind:
    return Kind(
        name="connexion-mock",
        title=f"connexion {importlib.metadata.version('connexion')} mock",
        command=_uvicorn("connexion_mock"),
        environment={"BENCH_DOCUMENT": str(document)},
        lacks="answers examples: any token, any job, the same id for each import",
        slow_import=True,
    )


def openapi_backend(document: Path, node: Path, versions: Mapping[str, str]) -> Kind:
    return Kind(
        name="openapi-backend",
        title=f"openapi-backend {versions['openapi-backend']}, by hand",
        command=["node", str(node / "openapi_backend.mjs"), str(document), "{port}", KEY, SECRET],
        lacks="executes no import, keeps no journal; its operations are 40 lines written for this comparison",
    )


def prism(document: Path, node: Path, versions: Mapping[str, str]) -> Kind:
    binary = node / "node_modules" / ".bin" / "prism"
    return Kind(
        name="prism",
        title=f"Prism {versions['@stoplight/prism-cli']}",
        command=[str(binary), "mock", "--host", HOST, "--port", "{port}", str(document)],
        environment={"NODE_ENV": "production"},
        lacks="answers examples: any credentials, any token, any job, the same id for each import; logs each request",
        max_body_mb=10.0,
    )


PYTHON_PEERS: dict[str, Callable[[Path], Kind]] = {
    "starlette": starlette,
    "connexion": connexion,
    "connexion-mock": connexion_mock,
}
NODE_PEERS: dict[str, Callable[[Path, Path, Mapping[str, str]], Kind]] = {
    "openapi-backend": openapi_backend,
    "prism": prism,
}


def node_versions() -> dict[str, str]:
    """Returns the pinned versions of the peers from npm."""
    versions: dict[str, str] = json.loads((PEERS / "node" / "package.json").read_text())["dependencies"]
    return versions


def _uvicorn(module: str) -> list[str]:
    options = ["--host", HOST, "--port", "{port}", "--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", "--app-dir", str(PEERS), f"{module}:app", *options]
