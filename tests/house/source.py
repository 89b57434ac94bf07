"""The source as the house rules see it: modules, and what each of them imports."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOTS = ("lambdas", "shared", "infra", "local", "tests")


@cache
def modules() -> Mapping[str, Path]:
    """Every module by its dotted name; a package is its `__init__`."""
    return {name_of(file): file for root in ROOTS for file in sorted(Path(root).rglob("*.py"))}


def name_of(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def imported_names(file: Path) -> Iterator[str]:
    """Every dotted name that a file imports, whoever it belongs to, wherever in the file."""
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def imports() -> Mapping[str, frozenset[str]]:
    """The modules of ours that each module imports; a package only when it is itself meant."""
    known = modules()
    graph = {}
    for module, file in known.items():
        named = {name for name in imported_names(file) if name in known}
        parents = {name.rpartition(".")[0] for name in named}
        graph[module] = frozenset(named - parents - {module})
    return graph


def longest_chain(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """The longest chain of imports. Raises `ValueError` naming a circle, if there is one."""
    chains: dict[str, list[str]] = {}

    def chain(module: str, above: tuple[str, ...]) -> list[str]:
        if module in above:
            circle = (*above[above.index(module) :], module)
            raise ValueError(f"a circle: {' -> '.join(circle)}")
        if module not in chains:
            below = (chain(one, (*above, module)) for one in sorted(graph[module]))
            chains[module] = [module, *max(below, key=len, default=[])]
        return chains[module]

    return max((chain(module, ()) for module in graph), key=len)
