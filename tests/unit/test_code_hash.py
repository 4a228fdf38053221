"""Which definitions a result depends on: what an edit of a small library changes, and what the shipped one depends on."""

from pathlib import Path

import pytest

from mergecast import catalogue, metrics
from mergecast.workflow.code_hash import Code, code, here

WING = '''"""A wing."""

import math

from . import far, tables
from .marks import metric
from .near import leap, step as stride

LIMIT = 10
OTHER = 20


@metric(limit=LIMIT)
def first(x, size=3):
    """Words of the first."""
    return Shape(x).area() + stride(x) + tables.row(size)


@metric(limit=OTHER)
def second(x, near: "int" = 0):
    """Words of the second."""
    from .local import inside

    return math.fsum(far.away(each) for each in inside(x)) + near


def third(name):
    return getattr(far, name)


def fourth(tables):
    return tables.column(first=1) + leap()


class Shape:
    side = 1

    def area(self):
        return _square(self.side)


def _square(x):
    return x * x
'''
TREE = {
    "run.py": 'from lib import loaded\n\n\ndef main():\n    loaded.find()\n\n\nif "snakemake" in globals():\n    main()\n',
    "lib/__init__.py": "",
    "lib/wing.py": WING,
    "lib/loaded.py": "def find():\n    return 1\n\n\ndef lose():\n    return 2\n",
    "lib/marks.py": "def metric(limit):\n    return lambda function: function\n",
    "lib/near.py": "from .deep import deepest\n\n\ndef step(x):\n    return deepest(x)\n\n\ndef leap():\n    return 5\n",
    "lib/deep.py": "from .shallow import *\n\n\ndef deepest(x):\n    return shallow(x)\n\n\ndef unused():\n    return 6\n",
    "lib/shallow.py": "STATE = {}\nSTATE['a'] = 1\n\n\ndef shallow(x):\n    return 7\n",
    "lib/far.py": "def away(x):\n    return 8\n\n\ndef farther(x):\n    return 9\n",
    "lib/tables/__init__.py": "from ._rows import row\nfrom ._columns import column\n",
    "lib/tables/_rows.py": "def row(x):\n    return 10\n",
    "lib/tables/_columns.py": "def column(x):\n    return 11\n",
    "lib/local.py": "def inside(x):\n    return [12]\n",
}
ENTRIES = ("first", "second", "third", "fourth")
ALL = " ".join(ENTRIES)
# What is edited, where, from what to what, and which of the entries change.
EDITS = [
    ("a function", "lib/wing.py", "stride(x) +", "stride(x) -", "first"),
    ("a docstring, which the page shows", "lib/wing.py", "Words of the first", "Other words", "first"),
    ("a decorator", "lib/wing.py", "limit=OTHER", "limit=1 + OTHER", "second"),
    ("what a decorator does", "lib/marks.py", "function: function", "function: None", "first second"),
    ("a constant in a decorator", "lib/wing.py", "OTHER = 20", "OTHER = 21", "second"),
    ("a default", "lib/wing.py", "size=3", "size=4", "first"),
    ("a name that is used nowhere else", "lib/wing.py", "return x * x", "return x**2", "first"),
    ("a method of a class", "lib/wing.py", "_square(self.side)", "self.side", "first"),
    ("an attribute of a class", "lib/wing.py", "side = 1", "side = 2", "first"),
    ("an imported function", "lib/near.py", "return deepest(x)", "return -deepest(x)", "first"),
    ("a function two modules away", "lib/deep.py", "return shallow(x)", "return -shallow(x)", "first"),
    ("a function behind a star import", "lib/shallow.py", "return 7", "return 8", "first"),
    ("a function that a package passes on", "lib/tables/_rows.py", "return 10", "return 0", "first"),
    ("a function that nobody asks a package for", "lib/tables/_columns.py", "return 11", "return 0", ""),
    ("an attribute of a module", "lib/far.py", "return 8", "return 0", "second third"),
    ("any name of a module that is passed around", "lib/far.py", "return 9", "return 0", "third"),
    ("an import inside a function", "lib/local.py", "[12]", "[13]", "second"),
    ("what is imported from elsewhere", "lib/wing.py", "import math", "import cmath as math", "second"),
    ("what is imported from here", "lib/wing.py", "import leap, step as", "import leap, leap as", "first"),
    ("an import that nobody uses", "lib/wing.py", "import leap, step", "import leap as step, leap, step", ""),
    ("a statement that runs on import", "lib/shallow.py", "STATE['a'] = 1", "STATE['a'] = 2", ALL),
    ("a new statement that runs on import", "lib/near.py", "def leap", "print('!')\n\n\ndef leap", ALL),
    ("a function that nobody calls", "lib/deep.py", "return 6", "return 0", ""),
    ("a comment", "lib/wing.py", "    return Shape(x)", "    # a shape\n    return Shape(x)", ""),
    ("blank lines and layout", "lib/wing.py", "return x * x", "\n    return (\n        x * x\n    )", ""),
    ("the order of definitions", "lib/wing.py", "LIMIT = 10\nOTHER = 20", "OTHER = 20\nLIMIT = 10", ""),
    ("another function of the catalogue", "lib/loaded.py", "return 2", "return 0", ""),
    ("the catalogue", "lib/loaded.py", "return 1", "return 0", ALL),
    ("the script", "run.py", "loaded.find()", "print(loaded.find())", ALL),
    ("another metric", "lib/wing.py", "class Shape", "@metric(limit=5)\ndef fifth(x):\n    return far\n\n\nclass Shape", ""),
    ("another metric with what it imports", "lib/wing.py", "import math", "import math\nfrom .local import inside", ""),
    ("an unknown decorator", "lib/wing.py", "class Shape", "@kept\ndef fifth(x):\n    return 1\n\n\nclass Shape", ALL),
    ("an unknown call in a constant", "lib/wing.py", "OTHER = 20", "OTHER = 20\nKEPT = keep()", ALL),
    ("a constant made by a known call", "lib/wing.py", "OTHER = 20", "OTHER = 20\nKEPT = tuple('ab')", ""),
]  # fmt: skip


@pytest.fixture
def tree(tmp_path) -> Path:
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def closures(tree: Path) -> dict[str, dict[str, str]]:
    """Of every entry, read anew."""
    return {entry: Code(tree, "lib").closure("run.py", f"wing:{entry}") for entry in ENTRIES}


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("file, old, new, changed", [edit[1:] for edit in EDITS], ids=[edit[0] for edit in EDITS])
def test_an_edit_changes_just_what_depends_on_it(tree, file, old, new, changed):
    before = closures(tree)
    replace(tree / file, old, new)
    after = closures(tree)
    assert {entry for entry in ENTRIES if before[entry] != after[entry]} == set(changed.split())


def test_an_argument_called_like_a_module_is_no_use_of_it(tree):
    assert not any(name.startswith("lib/tables/") for name in closures(tree)["fourth"])


@pytest.mark.parametrize("way", ["globals()[x]", "eval(x)", "sys.modules[__name__]"])
def test_a_name_looked_up_by_its_text_may_be_any_of_the_file(tree, way):
    replace(tree / "lib/near.py", "return 5", f"return {way}")
    before = closures(tree)["fourth"]
    replace(tree / "lib/deep.py", "return shallow(x)", "return -shallow(x)")
    assert closures(tree)["fourth"] != before


def test_a_name_that_is_not_defined_is_the_whole_module(tree):
    names = set(Code(tree, "lib").closure("run.py", "wing:missing"))
    assert {f"lib/wing.py:{name}" for name in (*ENTRIES, "LIMIT", "_square")} <= names


def test_a_whole_module_is_all_that_it_defines_and_what_that_uses(tree):
    names = set(Code(tree, "lib").closure("run.py", "near"))
    assert {"lib/near.py:step", "lib/near.py:leap", "lib/deep.py:deepest", "lib/shallow.py:shallow"} <= names
    assert "lib/deep.py:unused" not in names


def test_a_whole_module_is_also_what_it_passes_on(tree):
    assert {"lib/tables/_rows.py:row", "lib/tables/_columns.py:column"} <= Code(tree, "lib").closure("run.py", "tables").keys()


@pytest.mark.parametrize("arguments", [("walk.py",), ("run.py", "wings"), ("run.py", "wings:first")])
def test_a_file_that_is_not_there_is_an_error(tree, arguments):
    with pytest.raises(FileNotFoundError, match=f"no source file for '{arguments[-1]}'"):
        Code(tree, "lib").closure(*arguments)


# ---- the shipped library


def in_metrics(name: str) -> set[str]:
    """Definitions of the metrics' wing that one metric depends on."""
    found = here().closure("metric.py", f"metrics.{metrics.find(name).category}:{name}")
    return {name.removeprefix("mergecast/metrics/") for name in found if name.startswith("mergecast/metrics/")}


@pytest.mark.parametrize("name", metrics.catalogue())
def test_a_metric_depends_on_itself_and_on_no_other(name):
    found = in_metrics(name)
    assert {path.rpartition(":")[2] for path in found} & {*metrics.catalogue()} == {name}
    assert {path.partition(":")[0] for path in found} == {"__init__.py", "_metric.py", f"{metrics.find(name).category}.py"}


def test_a_metric_depends_on_its_helpers_and_on_no_others():
    assert {"subspace.py:_overlap", "subspace.py:_mean_over_matrices"} <= in_metrics("subspace_overlap")
    assert "subspace.py:_overlap" not in in_metrics("singular_value_overlap")
    assert "subspace.py:LARGEST" not in in_metrics("subspace_overlap")


@pytest.mark.parametrize("method", catalogue.names("merging"))
def test_a_merge_depends_on_one_method_and_its_helpers_alone(method):
    found = {name.partition(":")[0] for name in here().closure("merge.py", f"merging.{method}")}
    public = {Path(path).stem for path in found if path.startswith("mergecast/merging/")} - {"__init__"}
    assert {name for name in public if not name.startswith("_")} == {method}
    assert not any(path.startswith(("mergecast/metrics/", "mergecast/prediction/", "mergecast/charts/")) for path in found)


def test_how_tasks_are_drawn_touches_no_merge():
    assert not any("drawing" in name for name in here().closure("merge.py", "merging.ties"))
    assert any("drawing" in name for name in here().closure("images.py", "tasks.sources.procedural"))


def test_how_training_goes_touches_no_merge():
    assert not any("training" in name for name in here().closure("merge.py", "merging.ties"))


SCRIPTS = sorted(path.name for path in here().scripts.glob("*.py") if path.name != "job.py")


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_depends_on_its_main_and_on_how_it_is_run(script):
    assert {f"{script}:main", f"{script}:", "job.py:run", "job.py:", "mergecast/errors.py:MergecastError"} <= set(
        here().closure(script)
    )


def test_a_hash_has_16_digits_and_differs_from_module_to_module():
    hashes = {code("merge.py", f"merging.{method}") for method in catalogue.names("merging")}
    assert len(hashes) == len(catalogue.names("merging"))
    assert all(len(each) == 16 and int(each, 16) >= 0 for each in hashes)
