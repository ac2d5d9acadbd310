"""Every block of code on the page is run."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from casavi_mock.domain.manners import RULES
from pytest_casavi import config, marks
from pytest_casavi.options import OPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text()
BLOCKS = re.findall(r"(?ms)^```(\w+)\n(.*?)^```", PAGE)
PYTHON = dict(
    re.match(r"# (\w+\.py)\n", code).group(1, 0) and (re.match(r"# (\w+\.py)\n", code).group(1), code)
    for language, code in BLOCKS
    if language == "python"
)  # type: ignore[union-attr]
