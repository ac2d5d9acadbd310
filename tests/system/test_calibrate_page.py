"""Every block of the page about calibration does what it says, one after the other."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import read

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"(?ms)^```(\w+)\n(.*?)^```", read("how-to/calibrate"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_block_is_for_a_shell() -> None:
    assert {language for language, _ in BLOCKS} == {"sh"}
    assert len(BLOCKS) == 6


@pytest.mark.slow  # two servers and a dozen commands, each a process
def test_the_half_hour_ends_with_a_mock_that_behaves_as_the_vendor_does(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("tests", "erp_sync"))
    ports = {"4228": str(free_port()), "4229": str(free_port())}
    script = "\n".join(code for _, code in BLOCKS)
    for known, own in ports.items():
        script = script.replace(known, own)
    ending = f"\ncasavi-mock replay traffic.har --url http://127.0.0.1:{ports['4229']}\nkill $(jobs -p)\n"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CASAVI_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script + ending],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    told = done.stdout + done.stderr
    assert "Traceback" not in told, told
    assert "60 guesses: 13 refuted" in told, told
    assert "guesses were judged" in told, told
    assert sorted(path.name for path in (tmp_path / "casavi").iterdir()) == [
        "durations.json",
        "evidence.json",
        "overlay.yaml",
        "profile.toml",
    ]
    assert "observed" in told, told
