"""An analysis is one folder: added to a finished grid it makes its table, its figure and its section, and nothing else."""

import pandas
import pytest

from grid import Grid

FILES = {
    "__init__.py": '''
"""How far the forecasts of a pair differ from one predictor to another."""

ORDER = 95
TITLE = "Do predictors agree?"
TAKES = ("predictions",)
USES = ("target",)
TABLES = ("spread",)
''',
    "table.py": '''
"""The range of the forecasts of each pair and method."""


def make(tables, setting):
    """One row a method and pair: `spread`, highest less lowest forecast of the headline target, in its units."""
    predictions = tables["predictions"]
    mine = predictions[predictions["target"] == setting["target"]]
    forecasts = mine.groupby(["method", "task_a", "task_b"], sort=False)["predicted"]
    return {"spread": (forecasts.max() - forecasts.min()).rename("spread").reset_index()}
''',
    "figure.py": '''
"""One dot a pair, one row a method."""

import altair as alt

from ...charts import Figure, Panel, rows, spec
from ...tables.reading import require


def draw(setting) -> Figure:
    """Raises MergecastError on an empty table."""
    table = require(setting.tables["spread"], "spread", "method", "task_a", "task_b", "spread")
    described = f"Range of forecasts of {len(table)} pairs and methods."
    dots = alt.Chart(rows(table)).mark_circle(style="predictor").encode(x="spread:Q", y="method:N").properties(height=120)
    return Figure("spread", "Range of the forecasts", "A dot is a pair.", described, [Panel("", spec(dots, described))])
''',
    "section.py": '''
"""Where the forecasts are farthest apart."""

from .._section import Section
from .figure import draw


def section(setting) -> Section:
    """A sentence and the dots."""
    widest = setting.tables["spread"].nlargest(1, "spread").iloc[0]
    return Section([f"Predictors differ most on {widest.task_a} and {widest.task_b}."], [draw(setting)])
''',
    "caption.rst": "How far predictors differ in ``{{ snakemake.wildcards.setting }}``, one row a method and pair.",
}
OWN = {"tables/spread.csv", "figures/spread.svg", "figures/spread.pdf"}


@pytest.fixture
def added(grid) -> Grid:
    """A copy of the finished grid, with one folder more."""
    folder = grid.folder / "workflow/scripts/mergecast/analysis/spread"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text.lstrip("\n"))
    return grid


def test_a_folder_is_a_table_a_figure_and_a_section_of_the_page(added):
    plan = added.planned()
    assert [name for name, _ in plan.jobs if name != "all"] == ["analysis_spread", "figures_analyses_tiny", "page"]
    assert plan.matching("tables/") == {"tables/spread.csv"}, "no other analysis is made again"
    added.run()
    table = pandas.read_csv(added.setting / "tables/spread.csv")
    assert len(table) == 6 * 2 and (table["spread"] >= 0).all()
    assert all((added.setting / path).stat().st_size > 500 for path in OWN)
    page = (added.results / "report.html").read_text()
    widest = table.loc[table["spread"].idxmax()]
    section = page.partition('<section id="s1-spread"><h2>Do predictors agree?</h2>')[2].partition("</section>")[0]
    assert f"Predictors differ most on {widest.task_a} and {widest.task_b}." in section
    assert 'id="s1-figure-spread"' in section and '"s1-spread-0":' in page
    assert page.index('id="s1-targets"') > page.index('id="s1-spread"') > page.index('id="s1-scores"')
    assert added.planned().nothing

    path = added.folder / "workflow/scripts/mergecast/analysis/spread/section.py"
    path.write_text(path.read_text().replace("differ most", "are farthest apart"))
    assert added.planned().outputs == {"results/report.html"}, "what is said on the page is no part of a table or figure"
