"""What planning and rendering may import: the standard library, each other, and Liquid for texts."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
MODULES = sorted((*CAMPAIGNS.glob("planning/**/*.py"), *CAMPAIGNS.glob("rendering/**/*.py")))
CLOCKS = {"now", "utcnow", "today", "time_ns", "monotonic", "sleep"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def allowed(module: str) -> bool:
    own = module.startswith(("campaigns.planning", "campaigns.rendering"))
    return own or module.split(".")[0] in {*sys.stdlib_module_names, "liquid"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CAMPAIGNS)))
def test_it_imports_no_framework_and_reads_no_clock(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert [module for module in imported(tree) if not allowed(module)] == []
    called = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not called & CLOCKS


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 10
