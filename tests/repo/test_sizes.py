"""Modules and functions stay small."""

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "mock_server/casavi_mock",
    "contracts/casavi_contracts",
    "fixtures/casavi_fixtures",
    "pytest-plugin/pytest_casavi",
    "benchmarks",
)
MODULES = {
    str(path.relative_to(ROOT)): path.read_text()
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50


def functions() -> dict[str, int]:
    """Lines of every function, from its first line to its last, by module and line."""
    return {
        f"{module}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for module, text in MODULES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_all_packages_are_found() -> None:
    assert {module.rsplit("/", 1)[0] for module in MODULES} >= set(PACKAGES)


def test_no_module_is_too_long() -> None:
    lines = {module: len(text.splitlines()) for module, text in MODULES.items()}
    assert {module: n for module, n in lines.items() if n > MAX_MODULE_LINES} == {}


def test_no_function_is_too_long() -> None:
    lines = functions()
    too_long = {where: n for where, n in lines.items() if n > MAX_FUNCTION_LINES}
    assert too_long == {}, f"the median of {len(lines)} functions is {statistics.median(lines.values()):g} lines"
