"""The rules that the code refuses by are those of the two registers: the contract's, and the mock's own.

Found in the syntax tree: whatever is handed to a parameter or field called `rule`, compared with one, or returned by a
function whose result is called `rule`.
"""

import ast
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_mock.accounts import own_register

SERVER = Path(__file__).parents[2] / "mock_server" / "casavi_mock"
RULE = "rule"
REFUSE_REQUESTS = frozenset({"Refused", "refused_token", "_one"})
REFUSE_RECORDS = frozenset({"RecordError", "RecordWarning", "_refusal"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Uses:
    """Names of rules in some modules, by the function or class that they are handed to."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self.nodes = [node for tree in trees for node in ast.walk(tree)]
        self.positions = dict(self._positions())
        self.found: dict[str, set[str]] = {}
        self.unclear: list[str] = []
        for node in self.nodes:
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Compare) and any(_is_rule(side) for side in (node.left, *node.comparators)):
                for side in (node.left, *node.comparators):
                    self._add("compared", side)
        self._returned()
        self._keys()

    def _positions(self) -> Iterator[tuple[str, int]]:
        for node in self.nodes:
            if isinstance(node, Function):
                names = [place.arg for place in (*node.args.posonlyargs, *node.args.args)]
                names = names[1:] if names[:1] in (["self"], ["cls"]) else names
            elif isinstance(node, ast.ClassDef):
                fields = [item.target for item in node.body if isinstance(item, ast.AnnAssign)]
                names = [target.id for target in fields if isinstance(target, ast.Name)]
            else:
                continue
            if RULE in names:
                yield node.name, names.index(RULE)

    def _call(self, node: ast.Call) -> None:
        name = _called(node)
        if name not in self.positions:
            return
        position = self.positions[name]
        given = [keyword.value for keyword in node.keywords if keyword.arg == RULE]
        for value in [*node.args[position : position + 1], *given]:
            self._add(name, value)

    def _returned(self) -> None:
        makers = {
            _called(node.value)
            for node in self.nodes
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and any(map(_is_rule, node.targets))
        }
        for node in self.nodes:
            if isinstance(node, Function) and node.name in makers:
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        self._add(node.name, inner.value)

    def _keys(self) -> None:
        """Keys of the tables that are asked with a rule."""
        tables = {
            node.value.id
            for node in self.nodes
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and _is_rule(node.slice)
        }
        for node in self.nodes:
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Dict):
                continue
            if any(isinstance(target, ast.Name) and target.id in tables for target in node.targets):
                for key in node.value.keys:
                    self._add("keys", key)

    def _add(self, where: str, value: Any) -> None:
        if isinstance(value, ast.IfExp):
            self._add(where, value.body)
            self._add(where, value.orelse)
        elif isinstance(value, ast.Constant):
            if isinstance(value.value, str):
                self.found.setdefault(where, set()).add(value.value)
        elif not _is_rule(value):
            self.unclear.append(f"{where}: {ast.unparse(value)}")


def _is_rule(node: Any) -> bool:
    """Whether an expression is a variable or attribute called `rule`, or the name of a rule object."""
    if isinstance(node, ast.Name):
        return bool(node.id == RULE)
    if isinstance(node, ast.Attribute):
        return node.attr == RULE or (node.attr == "name" and _is_rule(node.value))
    return False


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)


@pytest.fixture(scope="module")
def uses() -> Uses:
    # What a client should do otherwise has rules of its own, by which nothing is refused.
    paths = [path for path in sorted(SERVER.rglob("*.py")) if "violations" not in path.parts]
    return Uses(ast.parse(path.read_text(), str(path)) for path in paths)


@pytest.fixture(scope="module")
def register() -> dict[str, spec.Rule]:
    return {**spec.rules(spec.load_document()), **own_register().rules}


def test_every_rule_of_the_code_is_in_a_register(uses: Uses, register: dict[str, spec.Rule]) -> None:
    unknown = {where: names - set(register) for where, names in uses.found.items() if names - set(register)}
    assert unknown == {}, "enter them under x-rules in manager-v1.yaml, or in mock-register.yaml"


def test_every_rule_of_a_register_is_used(uses: Uses, register: dict[str, spec.Rule]) -> None:
    assert set(register) - set().union(*uses.found.values()) == set(), "nothing refuses by these"


def test_no_rule_is_named_in_a_way_that_cannot_be_followed(uses: Uses) -> None:
    assert uses.unclear == []


@pytest.mark.parametrize(("where", "refuses_requests"), [(REFUSE_REQUESTS, True), (REFUSE_RECORDS, False)])
def test_rules_with_a_status_refuse_requests_and_the_others_records(
    uses: Uses, register: dict[str, spec.Rule], where: frozenset[str], refuses_requests: bool
) -> None:
    assert where <= set(uses.found)
    names = set().union(*(uses.found[place] for place in where)) & set(register)
    assert {name for name in names if (register[name].status is not None) is not refuses_requests} == set()


def test_rules_are_found_in_every_form() -> None:
    source = '''
        class Refused(Exception):
            rule: str
            detail: str

        class Importer:
            def _refusal(self, record, rule, message): ...

            def judge(self, record):
                self._refusal(record, "by-method", "text")
                self._refusal(record, message="text", rule="by-keyword")
                raise Refused("by-class" if record else "by-choice", "detail")

        def objection(token):
            if token.revoked:
                return "by-return"
            return "by-returned-choice" if token else None

        def check(token):
            """Refused("in-a-docstring")"""
            rule = objection(token)
            if rule == "by-comparison":
                print(TEXTS[rule], "in-a-print")
            raise Refused(rule, "detail")

        def hidden(name):
            raise Refused(f"{name}-made-up", "detail")

        TEXTS = {"by-key": "a text"}
        OTHERS = {"by-other-key": "a text"}
    '''
    uses = Uses([ast.parse(textwrap.dedent(source))])
    ways = "method keyword class choice return returned-choice comparison key"
    assert set().union(*uses.found.values()) == {f"by-{way}" for way in ways.split()}
    assert uses.unclear == ["Refused: f'{name}-made-up'"]
