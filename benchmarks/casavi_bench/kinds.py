"""The servers that are compared, and how each is started."""

import importlib.metadata
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from casavi_bench.bodies import KEY, SECRET
from casavi_bench.server import HOST, Kind

OURS = "casavi-mock"
PEERS = Path(__file__).parents[1] / "peers"

BY_HAND = "executes no import, keeps no journal; its operations were written for this comparison"
EXAMPLES = "answers from the document: takes any credentials, any token and any job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One of the others."""

    name: str
    title: str
    """`{}` stands for its version."""
    package: str
    command: str
    """`{document}`, `{folder}`, `{peers}` and `{port}` stand for those; begins with `python`, `node` or `java`."""
    lacks: str
    only_start: bool = False
    """Whether only start and idle memory are compared: it is a reference for nothing else."""
    slow_import: bool = False

    @property
    def npm(self) -> bool:
        """Whether it comes from npm."""
        return not self.command.startswith("python")

    def kind(self, document: Path, folder: Path, node: str) -> Kind:
        """Returns how it is started.

        Args:
            document: The contract.
            folder: Where the peers from npm are.
            node: The Node that runs them.

        Raises:
            LookupError: What runs it is not installed; the text names it.
        """
        places = {"document": document, "folder": folder, "peers": PEERS, "port": "{port}"}
        program, *arguments = (part.format_map(places) for part in self.command.split())
        if program == "java" and shutil.which("java") is None:
            raise LookupError("java is not installed")
        own = {"BENCH_DOCUMENT": str(document), "BENCH_KEY": KEY, "BENCH_SECRET": SECRET}
        return Kind(
            name=self.name,
            title=self.title.format(self._version()),
            command=[{"python": sys.executable, "node": node, "java": "java"}[program], *arguments],
            environment={"HOME": str(folder)} if self.npm else own,  # some write into the home folder
            lacks=self.lacks,
            only_start=self.only_start,
            slow_import=self.slow_import,
            compiles=self.npm,
        )

    def _version(self) -> str:
        if not self.npm:
            return importlib.metadata.version(self.package)
        versions: dict[str, str] = json.loads((PEERS / "node" / "package.json").read_text())["dependencies"]
        return versions[self.package]


_UVICORN = f"python -m uvicorn --app-dir {{peers}} --host {HOST} --port {{port}} --no-access-log --log-level warning"

ALL = (
    Peer(
        name="starlette",
        title="bare Starlette {}",
        package="starlette",
        command=f"{_UVICORN} starlette_app:app",
        lacks="the floor: checks nothing, keeps nothing; parses JSON and answers something fixed",
    ),
    Peer(
        name="connexion",
        title="connexion {} by hand",
        package="connexion",
        command=f"{_UVICORN} connexion_app:app",
        lacks=BY_HAND,
        slow_import=True,
    ),
    Peer(
        name="connexion-mock",
        title="connexion {} mock",
        package="connexion",
        command=f"{_UVICORN} connexion_mock:app",
        lacks=EXAMPLES,
        only_start=True,
    ),
    Peer(
        name="wiremock",
        title="WireMock {}",
        package="wiremock",
        command=f"java -jar {{folder}}/node_modules/wiremock/build/wiremock-standalone-3.13.2.jar --bind-address {HOST} "
        "--port {port} --root-dir {peers}/wiremock --disable-banner --max-request-journal-entries 1000",
        lacks="three mappings by hand: takes any token, any job and any record; keeps nothing but its journal",
    ),
    Peer(
        name="prism",
        title="Prism {}",
        package="@stoplight/prism-cli",
        command=f"node {{folder}}/node_modules/.bin/prism mock --host {HOST} --port {{port}} {{document}}",
        lacks=f"{EXAMPLES}; logs each request",
    ),
    Peer(
        name="scalar",
        title="Scalar mock server {}",
        package="@scalar/mock-server",
        command="node {folder}/scalar_mock.mjs {document} {port}",
        lacks=EXAMPLES,
    ),
    Peer(
        name="mockoon",
        title="Mockoon CLI {}",
        package="@mockoon/cli",
        command=f"node {{folder}}/node_modules/.bin/mockoon-cli start --data {{peers}}/mockoon.json --hostname {HOST} "
        "--port {port} --disable-log-to-file --disable-admin-api",
        lacks="three routes by hand: takes any credentials, any token, any job and any record; keeps nothing",
    ),
)
NAMES = tuple(peer.name for peer in ALL)


def ours() -> Kind:
    """Returns our server as a user starts it.

    Jobs wait for nothing, so what is measured is work. The rest is default.
    """
    return Kind(
        name=OURS,
        title=f"casavi-mock {importlib.metadata.version('casavi-mock')}",
        command=[sys.executable, "-m", "casavi_mock", "serve", "--port", "{port}", "--progress", "immediate"],
        lacks="nothing: contract, tokens, journal and a log line for each job are on; imports are executed",
        executes=True,
    )
