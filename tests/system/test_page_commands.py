"""The commands of the pages work when they are pasted into a shell, one page after the other, beside a mock at a port.

What needs an engine of containers, a registry or HAProxy is not run here; what pytest runs is run by the tests of the plugin.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from casavi_mock.domain.jobs import Progress
from tests.support.pages import DOCS, blocks
from tests.support.server import ACCOUNT, Mock

pytestmark = pytest.mark.slow  # each command is a process of its own

PAGES = {
    "../README": ("make ", "pip install"),
    "how-to/steering": (),
    "how-to/replay": (".record/bin/",),
    "reference/control": (),
    "reference/reading": (),
}
"""Pages, and the beginnings of commands of theirs that are run elsewhere."""
BEFORE = """
set -u
trap 'case "$BASH_COMMAND" in *violations*) ;; *) echo "failed: $BASH_COMMAND" ;; esac' ERR
M=$CASAVI_URL J='Content-Type: application/json'
curl() { command curl --fail-with-body --silent "$@"; }
log_in=$(curl "$M/authenticate" -H "$J" -d "{\\"key\\": \\"$CASAVI_API_KEY\\", \\"secret\\": \\"$CASAVI_API_SECRET\\"}")
TOKEN=$(printf %s "$log_in" | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
ID=$(curl "$M/import" -H "$J" -H "token: $TOKEN" -d '{"contacts": []}' | sed 's/.*"jobId":"\\([^"]*\\)".*/\\1/')
"""
"""`violations` ends with 1 where there are some, as a pipeline wants it."""


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_work(page: str, tmp_path: Path) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    scripts = [block for block in blocks(text, "sh") if not any(begin in block for begin in PAGES[page])]
    assert scripts, "the page has commands"
    with Mock(accounts=1, progress=Progress(progress="manual", polls=1)).listening() as live:
        script = BEFORE + "\n".join(scripts)
        for there, here in (
            ("http://127.0.0.1:4227", live.url),
            (".venv/bin/", ""),
            ("04523b90-9ee1-49f7-af31-b1f24efe84ad", ACCOUNT["CASAVI_API_KEY"]),
            ("ksdasji0-sf818-nfn81-ms9a-ams9d9a9as", ACCOUNT["CASAVI_API_SECRET"]),
            ('eval "$(casavi-mock env)"', ":"),
            ("casavi-mock check ", "casavi-mock check --max-examples 1 --quick "),
        ):
            script = script.replace(there, here)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {"PATH": path, "CASAVI_URL": live.url, "HOME": str(tmp_path), **ACCOUNT}
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    failed = [line for line in done.stdout.splitlines() if line.startswith("failed: ")]
    assert (failed, done.stderr.count("Error:")) == ([], 0), f"{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
