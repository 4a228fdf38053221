"""An analysis is one folder: added to a finished grid it makes its table, its figure and its section, and nothing else."""

import re

import pandas
import pytest

import examples
from grid import Grid
from mergecast.report.packing import unpack

OWN = {"tables/spread.csv", "figures/spread.svg", "figures/spread.pdf"}


@pytest.fixture
def added(grid) -> Grid:
    """A copy of the finished grid, with the analysis of CONTRIBUTING.md: one folder more."""
    written = examples.put(grid.folder / "workflow/scripts", "analysis")
    assert {path.parent.name for path in written} == {"spread"}
    return grid


def test_a_folder_is_a_table_a_figure_and_a_section_of_the_page(added):
    plan = added.planned()
    assert sorted(name for name, _ in plan.jobs if name != "all") == ["analysis_spread", "figures_analyses_tiny", "page"]
    assert plan.matching("tables/") == {"tables/spread.csv"}, "no other analysis is made again"
    added.run()
    table = pandas.read_csv(added.setting / "tables/spread.csv")
    assert len(table) == 6 * 2 and (table["spread"] >= 0).all()
    assert all((added.setting / path).stat().st_size > 500 for path in OWN)
    page = (added.results / "report.html").read_text()
    widest = table.loc[table["spread"].idxmax()]
    section = page.partition('<section id="s1-spread" class="folded">')[2].partition("</section>")[0]
    assert "<h3>Do predictors agree?</h3>" in section
    assert f"Predictors differ most on {widest.task_a} and {widest.task_b}." in section
    packed = re.search('id="evidence-s1">(.*?)</script>', page)[1]
    assert 'id="s1-figure-spread"' in section and '"s1-spread-0":' in unpack(packed)
    assert page.index('id="s1-targets"') > page.index('id="s1-spread"') > page.index('id="s1-scores"')
    assert added.planned().nothing

    path = added.folder / "workflow/scripts/mergecast/analysis/spread/section.py"
    path.write_text(path.read_text().replace("differ most", "are farthest apart"))
    assert added.planned().outputs == {"results/report.html"}, "what is said on the page is no part of a table or figure"
