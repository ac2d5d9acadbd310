"""The page about mutants says what is so, and its code works."""

import re

import pytest

from pytest_casavi.mutants.catalogue import MUTANTS
from tests.plugin.test_plugin_docs import files
from tests.support.pages import read

PAGE = read("how-to/mutants")
BLOCKS = re.findall(r"(?ms)^```python\n# (\w+)\.py\n(.*?)^```", PAGE)


def test_the_table_names_every_mutant() -> None:
    rows = re.findall(r"(?m)^\| `([\w-]+)` \| (yes|no) \| (.*) \|$", PAGE)
    told = [(one.name, "yes" if one.legal else "no", one.says.rstrip(".")) for one in MUTANTS.values()]
    assert rows == told
    assert len(MUTANTS) == 34  # as the page says in words


def test_the_options_are_those_of_the_plugin(pytestconfig: pytest.Config) -> None:
    for name in re.findall(r"--(casavi-mutants[\w-]*)", PAGE):
        assert hasattr(pytestconfig.option, name.replace("-", "_")), name


def test_the_code_of_the_page_works(project: pytest.Pytester) -> None:
    page = dict(BLOCKS)
    pytest_page = files()
    project.makepyfile(
        conftest=f"{pytest_page['conftest']}\n{page['conftest']}",
        portal=pytest_page["portal"],
        test_everywhere=page["test_everywhere"],
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)
    listed = project.runpytest_inprocess("--casavi-mutants=list").stdout
    listed.fnmatch_lines(["cents *illegal  Counts are told as texts.", "second-look-late *legal *"])
