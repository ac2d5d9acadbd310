"""`make mutate` itself: what it takes for killed, and the list of mutants that nobody can kill."""

import ast
import functools
import re
from pathlib import Path

import pytest

from tests.mutation.sample import Change, Result, drawn, equivalents

DOMAIN = Path(__file__).parents[2] / "mock_server" / "casavi_mock" / "domain"
DIFF = """--- casavi_mock/domain/x.py
+++ casavi_mock/domain/x.py
@@ -1,4 +1,4 @@
 def f(self):
     return g(
-        self.a,
-        -self.b,
+        -self.b,
     )
"""
SHOWN = Change("C.f", "self.a, -self.b,", "-self.b,", "x.py")


@functools.cache
def parsed_domain() -> list[tuple[str, ast.Module]]:
    """Text and syntax tree of every module."""
    return [(text, ast.parse(text)) for text in (path.read_text() for path in DOMAIN.rglob("*.py"))]


def sources_of(function: str) -> list[str]:
    """The lines of the functions of this name, as they stand in a list of changes: without indentation and breaks."""
    owner, _, name = function.rpartition(".")
    found = []
    for text, module in parsed_domain():
        for top in module.body:
            body = top.body if isinstance(top, ast.ClassDef) and top.name == owner else [top]
            found += [ast.get_source_segment(text, node) or "" for node in body if getattr(node, "name", None) == name]
    return [" ".join(line.strip() for line in source.splitlines()) for source in found]


@pytest.mark.parametrize("change", equivalents(), ids=lambda change: f"{change.function} {change.becomes}")
def test_an_equivalent_mutant_is_one_of_the_code_that_is_there(change: Change) -> None:
    assert any(change.was in source for source in sources_of(change.function))
    assert change.was != change.becomes
    assert re.fullmatch(r"\S.{20,}\.", equivalents()[change]), "say why no test can see it, in a sentence"


def test_a_sample_can_be_drawn_again_and_others_by_another_seed() -> None:
    names = [f"mutant-{number}" for number in range(1000)]
    first = drawn(names, 100, 1)
    assert len(set(first)) == 100
    assert first == drawn(reversed(names), 100, 1)
    assert len({*first} & {*drawn(names, 100, 2)}) < 50
    assert len({*first} & {*drawn(names[10:], 100, 1)}) > 80
    assert drawn(names[:3], 100, 1) == drawn(names[:3], 3, 1)


def test_a_change_is_what_a_diff_shows() -> None:
    assert Change.from_diff("C.f", DIFF, "x.py") == SHOWN


def test_equivalent_mutants_count_as_survivors() -> None:
    """So nobody gains a passing run by an entry in the list."""
    other = Change("f", "a", "b", "x.py")
    result = Result(18, (SHOWN, other), {SHOWN: "It is the same."})
    assert result.share == 90
    assert str(result).splitlines() == [
        "x.py: C.f",
        "  - self.a, -self.b,",
        "  + -self.b,",
        "  = It is the same.",
        "x.py: f",
        "  - a",
        "  + b",
        "  = NOT YET LOOKED AT",
        "18 of 20 mutants killed (90.0 %), 2 survived, 1 of them equivalent",
    ]
