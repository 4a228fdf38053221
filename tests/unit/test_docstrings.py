"""Docstrings of public functions have sections that a reference can be generated from, and that name what is there."""

import ast
import logging
import textwrap

import griffe
import pytest

# Wings whose functions a user of the library calls. Every metric and every predictor takes what the contract of its kind
# says, which is described once.
WINGS = ("api", "forecasting", "planning", "recipes", "merging", "metrics", "features", "models", "evaluation", "training",
         "prediction", "tables", "tasks", "grid", "seeding", "files", "catalogue")  # fmt: skip
CONTRACTS = ("prediction.predictors.", "prediction.baselines.")


@pytest.fixture(scope="module")
def package(root) -> griffe.Module:
    logging.getLogger("griffe").setLevel(logging.CRITICAL)
    return griffe.load("mergecast", search_paths=[root / "workflow/scripts"], docstring_parser="numpy", allow_inspection=False)


def functions(package) -> dict[str, griffe.Function]:
    """Public functions, and public methods of public classes, of the wings, by their path in the library."""
    every, waiting = {}, [package[wing] for wing in WINGS]
    while waiting:
        for name, member in waiting.pop().members.items():
            if member.is_alias or name.startswith("_"):
                continue
            if member.is_function:
                every[member.path.removeprefix("mergecast.")] = member
            elif member.is_module or member.is_class:
                waiting.append(member)
    return {path: member for path, member in every.items() if not path.startswith(CONTRACTS)}


def sections(function) -> dict[str, griffe.DocstringSection]:
    return {section.kind.value: section for section in function.docstring.parse("numpy")} if function.docstring else {}


def names(function) -> list[str]:
    if any(str(decorator.value).startswith("metric(") for decorator in function.decorators):
        return []
    marks = {"variadic positional": "*", "variadic keyword": "**"}
    return [marks.get(p.kind.value, "") + p.name for p in function.parameters if p.name not in ("self", "cls")]


def test_every_public_function_has_a_docstring_of_one_first_line(package):
    assert [path for path, function in functions(package).items() if not function.docstring] == []
    texts = {path: function.docstring.value.strip().split("\n") for path, function in functions(package).items()}
    assert [path for path, lines in texts.items() if len(lines) > 1 and lines[1].strip()] == []


def test_its_parameters_are_described_by_name_and_in_order(package):
    wrong = {}
    for path, function in functions(package).items():
        section = sections(function).get("parameters")
        described = [part.name for part in section.value] if section else []
        if described != names(function):
            wrong[path] = (described, names(function))
    assert wrong == {}


def returns(function) -> bool:
    """Whether it says that it returns something other than None."""
    return function.returns is not None and str(function.returns) != "None"


def test_what_it_returns_is_described(package):
    takes = {path: function for path, function in functions(package).items() if names(function) and returns(function)}
    assert [path for path, function in takes.items() if not {"returns", "yields"} & sections(function).keys()] == []


def raising(function) -> set[str]:
    """Names of the errors of the library that its own body raises."""
    tree = ast.parse(textwrap.dedent("\n".join(function.lines)))
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    names = {ast.unparse(error.func) for error in raised if isinstance(error, ast.Call)}
    return {name for name in names if "Mergecast" in name}


def test_the_errors_that_it_raises_are_named(package):
    lacking = {}
    for path, function in functions(package).items():
        section = sections(function).get("raises")
        named = {str(part.annotation) for part in section.value} if section else set()
        if not raising(function) <= named:
            lacking[path] = raising(function) - named
    assert lacking == {}
