"""Who may import whom. Wings lower in the list may import those above them, never the other way; no circles."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mergecast
from mergecast import catalogue

PACKAGE = Path(mergecast.__file__).parent
GROUND = {"errors", "seeding", "files", "pretenders", "catalogue", "__init__"}
# What each wing may import, beside the ground and itself.
ALLOWED = {
    "workflow": set(),
    "tasks": set(),
    "grid": set(),
    "models": {"tasks"},
    "evaluation": {"models", "tasks"},
    "training": {"models", "evaluation", "tasks"},
    "features": {"models", "tasks"},
    "metrics": {"features._types"},
    "merging": {"models"},
    "prediction": set(),
    "forecasting": {"features", "grid", "models", "planning", "prediction", "tables", "tasks", "workflow"},
    "recipes": {"config.messages", "merging", "models"},
    "api": {"features", "forecasting", "merging", "metrics", "models", "planning", "recipes"},
    "tables": {"metrics", "prediction"},
    "charts": set(),
    "planning": set(),
    "analysis": {"prediction", "tables", "charts", "planning"},
    "report": {"analysis", "tables", "charts"},
    "config": {"features", "grid", "tables", "models", "merging", "metrics", "prediction", "tasks"},
    "commands": {"api"},
    "cli": {"api", "commands", "merging", "metrics", "prediction", "models", "features", "tables", "workflow"},
}
LIGHT = [
    "errors",
    "files",
    "pretenders",
    "catalogue",
    "config",
    "config.messages",
    "models.architectures",
    "models.external",
    "workflow.code_hash",
    "workflow.cluster",
    "metrics",
    "features",
    "features._store",
    *(f"features.{name}" for name in catalogue.names("features")),
    "prediction.folds",
    "analysis.declared",
    "analysis.ablation.table",
    "analysis.correlations.table",
    "analysis.subsets.table",
    "tables",
    "tables.external",
    "grid.subsets",
    "grid.tiles",
    "planning",
    "commands.plan",
    "charts.paper",
    "recipes",
    "report",
]


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, as dotted names without the package."""
    package = path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = package[: len(package) - node.level + 1] + tuple((node.module or "").split(".") if node.module else ())
            for name in [*(module + (alias.name,) for alias in node.names), module]:
                if PACKAGE.parent.joinpath(*name).with_suffix(".py").is_file() or PACKAGE.parent.joinpath(*name).is_dir():
                    found.add(".".join(name[1:]))
    return found - {""}


def wing(dotted: str) -> str:
    return dotted.partition(".")[0]


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_wing_may(path):
    own = wing(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    if own in GROUND:
        allowed = GROUND
    else:
        assert own in ALLOWED, f"say in this test what {own} may import"
        allowed = ALLOWED[own] | GROUND | {own}
    for target in imports(path):
        assert (
            wing(target) in allowed
            or any(target == name or target.startswith(name + ".") for name in allowed)
            or (target == "features" and "features._types" in allowed)
        ), f"{path.name} imports {target}"


def test_no_circle_between_wings():
    edges = {}
    for path in MODULES:
        own = wing(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
        edges.setdefault(own, set()).update(wing(target) for target in imports(path))
    seen: list[str] = []

    def visit(name, trail):
        assert name not in trail, " -> ".join([*trail, name])
        if name not in seen:
            for target in edges.get(name, set()) - {name, "__init__"}:
                visit(target, [*trail, name])
            seen.append(name)

    for name in edges:
        visit(name, [])


@pytest.mark.parametrize("name", catalogue.folders("analysis"))
def test_an_analysis_knows_of_no_other_and_is_declared_without_pandas(name):
    for path in (PACKAGE / "analysis" / name).glob("*.py"):
        others = {target.split(".")[1] for target in imports(path) if target.startswith("analysis.")} - {name}
        assert all(other.startswith("_") for other in others), f"{path.name} imports {others}"
    assert imports(PACKAGE / "analysis" / name / "__init__.py") == set()


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_imports_no_torch(module):
    code = f"import sys, mergecast.{module}; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


def test_scripts_are_thin():
    long = {path.name: len(path.read_text().splitlines()) for path in PACKAGE.parent.glob("*.py")}
    assert {name: lines for name, lines in long.items() if lines > 50} == {}
