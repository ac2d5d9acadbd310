"""The servers that are compared, and how each is started."""

import importlib.metadata
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from casavi_bench.bodies import KEY, SECRET
from casavi_bench.server import ALL_PARTS, HOST, LOG_IN_PROBE, Kind

OURS = "casavi-mock"
FIXTURE = "pytest-httpserver"
FLOOR = "orjson + jsonschema-rs"
"""The least that Python takes for an import, without a server."""

PEERS = Path(__file__).parents[1] / "peers"
HEARTBEAT = PEERS / "heartbeat.py"

ARGUMENTS = ("--port", "{port}", "--progress", "immediate")
"""How ours is started: jobs wait for nothing, so what is measured is work. The rest is default."""

LIGHT: frozenset[str] = frozenset()
"""Parts of a peer of which only start and idle memory are measured."""

BY_HAND = "executes no import, keeps no journal; its operations were written for this comparison"
EXAMPLES = "answers from the document: takes any credentials, any token and any job"


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonPeer:
    """A peer that runs under uvicorn."""

    name: str
    title: str
    package: str
    module: str
    lacks: str
    parts: frozenset[str] = ALL_PARTS
    slow_import: bool = False

    def kind(self, document: Path) -> Kind:
        """Returns how it is started.

        Args:
            document: The contract.
        """
        options = ["--host", HOST, "--port", "{port}", "--no-access-log", "--log-level", "warning"]
        return Kind(
            name=self.name,
            title=self.title.format(importlib.metadata.version(self.package)),
            command=[sys.executable, "-m", "uvicorn", "--app-dir", str(PEERS), f"{self.module}:app", *options],
            environment={"BENCH_DOCUMENT": str(document), "BENCH_KEY": KEY, "BENCH_SECRET": SECRET},
            lacks=self.lacks,
            parts=self.parts,
            slow_import=self.slow_import,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePeer:
    """A peer that runs under Node."""

    name: str
    title: str
    package: str
    command: str
    """Below the folder of the peers; `{document}`, `{folder}`, `{key}`, `{secret}` and `{port}` stand for those."""
    lacks: str
    parts: frozenset[str] = ALL_PARTS
    probe: tuple[str, str] = LOG_IN_PROBE

    def kind(self, document: Path, folder: Path, node: str) -> Kind:
        """Returns how it is started.

        Args:
            document: The contract.
            folder: Where the peers from npm are.
            node: What runs them.
        """
        versions: dict[str, str] = json.loads((PEERS / "node" / "package.json").read_text())["dependencies"]
        places = {"document": document, "folder": folder, "key": KEY, "secret": SECRET, "port": "{port}"}
        program, *arguments = (part.format_map(places) for part in self.command.split())
        return Kind(
            name=self.name,
            title=self.title.format(versions[self.package]),
            command=[node, str(folder / program), *arguments],
            environment={"HOME": str(folder)},  # some write into the home folder
            lacks=self.lacks,
            parts=self.parts,
            compiles=True,
            probe=self.probe,
        )


PYTHON_PEERS = (
    PythonPeer(
        name="starlette",
        title="bare Starlette {}",
        package="starlette",
        module="starlette_app",
        lacks="checks nothing, keeps nothing: parses JSON and answers something fixed",
    ),
    PythonPeer(
        name="connexion",
        title="connexion {} AsyncApp",
        package="connexion",
        module="connexion_app",
        lacks=BY_HAND,
        slow_import=True,
    ),
    PythonPeer(
        name="connexion-mock",
        title="connexion {} mock",
        package="connexion",
        module="connexion_mock",
        lacks=EXAMPLES,
        parts=LIGHT,
    ),
)
NODE_PEERS = (
    NodePeer(
        name="openapi-backend",
        title="openapi-backend {}",
        package="openapi-backend",
        command="openapi_backend.mjs {document} {port} {key} {secret}",
        lacks=BY_HAND,
    ),
    NodePeer(
        name="prism",
        title="Prism {}",
        package="@stoplight/prism-cli",
        command="node_modules/.bin/prism mock --host 127.0.0.1 --port {port} {document}",
        lacks=f"{EXAMPLES}; logs each request",
    ),
    NodePeer(
        name="scalar",
        title="Scalar mock server {}",
        package="@scalar/mock-server",
        command="scalar_mock.mjs {document} {port}",
        lacks=EXAMPLES,
    ),
    NodePeer(
        name="mockoon",
        title="Mockoon CLI {}",
        package="@mockoon/cli",
        command="node_modules/.bin/mockoon-cli start --data {document} --hostname 127.0.0.1 --port {port} "
        "--disable-log-to-file --disable-admin-api",
        lacks=EXAMPLES,
        parts=LIGHT,
    ),
    NodePeer(
        name="json-server",
        title="json-server {}",
        package="json-server",
        command="node_modules/.bin/json-server --quiet --host 127.0.0.1 --port {port} {folder}/records.json",
        lacks="knows neither document nor tokens: keeps what is posted to it in a file",
        parts=LIGHT,
        probe=("GET", "/jobs"),
    ),
)
PEER_NAMES = tuple(peer.name for peer in (*PYTHON_PEERS, *NODE_PEERS))


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
        lacks="nothing: contract, tokens, journal and a log line for each job are on; imports are executed",
        executes=True,
        essential=True,
    )
