"""What analyses declare: which of them a setting has follows from that alone, and a mistake in it is one clear line."""

import pytest

from mergecast import catalogue
from mergecast.analysis import declared
from mergecast.errors import MergecastError

SETTING = {"methods": ["tsv", "ties"], "targets": ["normalised_accuracy"], "target": "normalised_accuracy", "splits": ["loto"],
           "predictors": ["ridge"], "symmetric": True}  # fmt: skip
BOTH = {"splits": ["loto", "l2to"]}
ALWAYS = ["checkpoints", "metrics", "merges", "directed", *declared.FORECAST]


def names(there=(), **setting):
    return set(declared.of({**SETTING, **setting}, [*ALWAYS, *there]))


@pytest.mark.parametrize(
    ("analysis", "there", "setting", "other"),
    [
        ("calibration", ["calibration_metrics"], {}, {"symmetric": False}),
        ("subsets", ["subsets"], {}, {"symmetric": False}),
        ("selection", [], {}, {"methods": ["tsv"]}),
        ("selection", [], {}, {"symmetric": False}),
        ("splits", [], {"splits": ["loto", "l2to"]}, {"splits": ["loto"]}),
        ("targets", [], {"targets": ["accuracy", "loss"]}, {"targets": ["accuracy"]}),
        ("planner", [], {**BOTH, "predictors": ["mixed"]}, {"predictors": ["mixed"]}),
        ("planner", [], {**BOTH, "predictors": ["directed_ridge", "ridge"]}, BOTH),
        ("planner_groups", ["subsets"], {**BOTH, "predictors": ["mixed"]}, {**BOTH, "target": "accuracy"}),
    ],
)
def test_an_analysis_applies_to_the_settings_that_it_is_for(analysis, there, setting, other):
    assert analysis in names(there, **setting) and analysis not in names(there, **other)


@pytest.mark.parametrize(
    ("analysis", "table"),
    [
        ("calibration", "calibration_metrics"),
        ("subsets", "subsets"),
        ("training", "curves"),
        ("dropped", "dropped"),
        ("plan", "forecasts"),
    ],
)
def test_a_setting_without_a_table_has_no_analysis_of_it(analysis, table):
    assert analysis in names([table]) and analysis not in names()


def test_a_table_of_methods_that_agree_is_made_of_one_method_too_and_not_drawn():
    found = declared.of({**SETTING, "methods": ["tsv"]}, ALWAYS)["agreement"]
    assert found.tables == ("method_agreement",) and not found.drawn({**SETTING, "methods": ["tsv"]})
    assert found.drawn(SETTING)


def test_analyses_stand_in_the_order_that_they_declare_and_each_table_has_one_maker():
    found = list(declared.everything().values())
    assert [each.order for each in found] == sorted(each.order for each in found)
    made = [table for each in found for table in each.tables]
    assert len(made) == len(set(made)) and not set(made) & {*declared.MEASURED, *declared.FORECAST, *declared.EXPLORED}


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A folder of analyses with one in it, whose declaration a test writes."""

    def write(text, *files):
        folder = tmp_path / "analysis" / "mine"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(text)
        for name in files:
            (folder / name).write_text("")
        module = {}
        exec(text, module)
        monkeypatch.setattr(catalogue, "folders", lambda wing: ("mine",))
        monkeypatch.setattr(catalogue, "names", lambda wing: tuple(name.removesuffix(".py") for name in files))
        monkeypatch.setattr(catalogue, "load", lambda wing, name: type("Module", (), module))
        declared.everything.cache_clear()

    yield write
    declared.everything.cache_clear()


@pytest.mark.parametrize(
    ("text", "files", "line"),
    [
        ('TITLE = "Mine"', [], "analysis/mine/__init__.py: lacks ORDER; say where on the page"),
        ("ORDER = 1", [], "analysis/mine/__init__.py: lacks TITLE"),
        ('ORDER, TITLE, TAKS = 1, "Mine", ("merges",)', [], "unknown constant 'TAKS'; did you mean 'TAKES'"),
        ('ORDER, TITLE, TABLES = 1, "Mine", ("mine",)', [], "TABLES and table.py belong together"),
        ('ORDER, TITLE = 1, "Mine"', ["table.py"], "TABLES and table.py belong together"),
        ('ORDER, TITLE, SHOWS = 1, "Mine", ("merge",)', [], "SHOWS: unknown name 'merge'; did you mean 'merges'"),
        ('ORDER, TITLE, USES = 1, "Mine", ("targt",)', [], "USES: unknown name 'targt'; did you mean 'target'"),
        ('ORDER, TITLE, SHOWS = 1, "Mine", "merges"', [], "SHOWS: 'merges' must be a tuple of names"),
        ('ORDER, TITLE = 1, "Mine"', ["figure.py"], "analysis/mine/__init__.py: lacks caption.rst beside it"),
        ('ORDER, TITLE, SCOPE = 1, "Mine", "acros"', [], "SCOPE: unknown scope 'acros'; did you mean 'across'"),
    ],
)
def test_a_declaration_that_is_wrong_is_one_line_with_a_remedy(text, files, line, scratch):
    scratch(text, *files)
    with pytest.raises(MergecastError) as error:
        declared.everything()
    assert line in str(error.value) and "\n" not in str(error.value)
