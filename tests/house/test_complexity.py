"""How many ways there are through a function (McCabe, with boolean operators counted)."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.source import modules, tree_of

LARGEST = 12
FILES = [file for name, file in modules().items() if name.split(".")[0] in ("lambdas", "shared")]


def ways_through(function: ast.AST) -> int:
    ways = 1
    for node in ast.walk(function):
        match node:
            case ast.If() | ast.IfExp() | ast.For() | ast.While() | ast.ExceptHandler():
                ways += 1
            case ast.match_case(pattern=ast.MatchAs(pattern=None)):
                pass  # what is left when no case before it fits
            case ast.match_case():
                ways += 1
            case ast.BoolOp():
                ways += len(node.values) - 1
            case ast.comprehension():
                ways += 1 + len(node.ifs)
    return ways


def functions() -> Iterator[tuple[str, ast.AST]]:
    for file in FILES:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.FunctionDef):
                yield f"{file}:{node.name}", node


def test_no_function_of_the_pipeline_has_more_ways_through_it_than_a_reader_can_follow() -> None:
    too_many = {name: ways for name, it in functions() if (ways := ways_through(it)) > LARGEST}

    assert too_many == {}


@pytest.mark.parametrize(
    ("source", "ways"),
    [
        ("def f(): pass", 1),
        ("def f(a): return 1 if a and a > 2 or a else 2", 4),
        ("def f(a): return [b for b in a if b]", 3),
        ("def f(a):\n  match a:\n    case 1: pass\n    case _: pass", 2),
    ],
)
def test_branches_and_operators_are_ways(source: str, ways: int) -> None:
    assert ways_through(ast.parse(source)) == ways
