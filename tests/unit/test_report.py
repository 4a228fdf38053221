"""The page: its sentences carry the tables' numbers, it loads nothing, and names cannot break it."""

import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import synthetic
from mergecast.errors import MergecastError
from mergecast.report import Setting, read_setting, write_report
from mergecast.report.charts import figures
from mergecast.report.facts import gather, judge, rank_methods
from mergecast.report.page import render

METRICS = [
    {"name": name, "category": category, "explanation": f"About {name}.", "definition": "a < b, in [0,1]"}
    for name, category in synthetic.METRICS.items()
]


def setting(name="tiny_AdamW", tasks=8, methods=synthetic.METHODS, seed=0, **tables):
    made = synthetic.tables(tasks, methods, seed) | tables
    return Setting(name, made, synthetic.curves(tasks), {"seed": 0, "base": {"sha256": "ab" * 32}}, METRICS)


class Page(HTMLParser):
    """Visible text by section, and every attribute."""

    def __init__(self, text):
        super().__init__()
        self.sections, self.attributes, self.tags, self._open, self._hidden = {}, [], [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attributes]
        self._hidden = tag in ("script", "style")
        if tag == "section":
            self._open = dict(attributes)["id"]
            self.sections[self._open] = ""

    def handle_data(self, data):
        if self._open and not self._hidden:
            self.sections[self._open] += " " + " ".join(data.split())

    def text(self, section):
        return re.sub(r"\s+([,.;:)])", r"\1", " ".join(self.sections[section].split()))


@pytest.fixture(scope="module")
def one():
    made = setting()
    text = render([made], {"mergecast": "0.1.0", "versions": {"numpy": "2.4.6"}})
    return made, text, Page(text)


def test_the_summary_names_the_best_method_and_pairs_with_the_tables_numbers(one):
    made, _, page = one
    summary, merges = page.text("s1-summary"), made.tables["merges"]
    means = merges.groupby("method").normalised_accuracy.mean()  # every pair has two rows, so this is the mean of pairs
    assert f"{means.idxmax()} merges best: mean normalised accuracy {means.max():.3f}" in summary
    assert f"The weakest is {means.idxmin()} with {means.min():.3f}" in summary
    by_pair = merges.groupby(["task_a", "task_b"]).normalised_accuracy.mean()
    assert f"{' + '.join(by_pair.idxmax())} merge best ( {by_pair.max():.3f})".replace("( ", "(") in summary
    assert f"{' + '.join(by_pair.idxmin())} worst ({by_pair.min():.3f})" in summary
    wins = merges.groupby(["task_a", "task_b", "method"]).normalised_accuracy.mean().unstack().idxmax(axis=1)
    assert f"best of 8 methods on {(wins == means.idxmax()).sum()} of 28 pairs" in summary


def test_the_summary_holds_the_forecast_against_its_best_baseline(one):
    made, _, page = one
    scores, folds = made.tables["scores"], made.tables["folds"]
    mean = scores.groupby(["kind", "predictor"]).mean_r.mean()
    best, rival = mean["predictor"].idxmax(), mean["baseline"].idxmax()
    summary = page.text("s1-summary")
    assert f"{best}, reaches a mean r of {mean['predictor'].max():.2f} within a fold" in summary
    assert f"{rival} (r = {mean['baseline'].max():.2f})" in summary
    wide = folds.set_index(["method", "held_out_task", "predictor"]).pearson.unstack()[[best, rival]].dropna()
    assert f"ahead in {(wide[best] > wide[rival]).sum()} of {len(wide)} folds" in summary
    assert f"In {folds.pearson.isna().sum()} of {len(folds)} folds r is undefined" in summary
    closest = scores.groupby("predictor").mae.mean()
    assert f"In absolute error {closest.idxmin()} is closest ({closest.min():.3f}" in summary


@pytest.mark.parametrize(
    ("shift", "verdict", "sentence"),
    [(0.3, "better", "It beats the best baseline"), (0.0, "level", "It is no better than the best baseline"),
     (-0.3, "worse", "A baseline wins")],
)  # fmt: skip
def test_the_wording_is_honest_whoever_wins(shift, verdict, sentence):
    made = synthetic.tables(5, ("tsv", "ties"))
    folds, scores = made["folds"], made["scores"]
    base = folds[folds.predictor == "single_task"].set_index(["method", "held_out_task"]).pearson
    for table, column in ((folds, "pearson"), (scores, "mean_r")):
        table.loc[table.predictor == "task_effects", column] = -0.9
        table.loc[table.kind == "predictor", column] = -0.95
    mine = folds.predictor == "ridge"
    folds.loc[mine, "pearson"] = [base[key] + shift for key in zip(folds.method[mine], folds.held_out_task[mine], strict=True)]
    for name in ("ridge", "single_task"):
        mean = folds[folds.predictor == name].groupby("method").pearson.mean()
        chosen = scores.predictor == name
        scores.loc[chosen, "mean_r"] = scores.method[chosen].map(mean)
    forecast = judge(folds, scores)
    assert (forecast.verdict, forecast.predictor.name, forecast.baseline.name) == (verdict, "ridge", "single_task")
    assert forecast.difference == pytest.approx(shift, abs=1e-12)
    page = Page(render([setting(tasks=5, methods=("tsv", "ties"), folds=folds, scores=scores)], {}))
    assert sentence in page.text("s1-summary")


def test_methods_are_ranked_by_mean_and_wins_add_up_to_the_pairs():
    values = pd.DataFrame(
        [("x", "a", "b", 0.5), ("x", "a", "c", 0.9), ("y", "a", "b", 0.6), ("y", "a", "c", 0.9), ("y", "b", "c", 0.1),
         ("x", "b", "c", np.nan)],
        columns=["method", "task_a", "task_b", "value"],
    )  # fmt: skip
    x, y = rank_methods(values)
    assert (x.name, x.mean, x.low, x.high) == ("x", pytest.approx(0.7), 0.5, 0.9)
    assert (x.wins, y.wins) == (1, 2)  # the tie goes to the first method


def test_the_table_of_pairs_has_every_pair_method_and_number(one):
    made, _, page = one
    table = page.text("s1-table")
    for (a, b), rows in made.tables["merges"].groupby(["task_a", "task_b"]):
        line = re.search(rf"{a} {b} (\w+) (.*?)(?= {'|'.join(synthetic.TASKS[:8])} |$)", table)
        by_method = rows.groupby("method").normalised_accuracy.mean()
        assert line[1] == by_method.idxmax()
        assert {f"{v:.3f}" for v in by_method} <= set(line[2].split())


def test_the_page_loads_nothing_and_forbids_it(one):
    _, text, page = one
    for tag, name, value in page.attributes:
        if name in ("src", "srcset", "href", "data", "action", "poster"):
            assert value.startswith(("#", "data:")), (tag, name, value)
    assert not {"link", "iframe", "img", "object", "embed"} & (set(page.tags) - {"link"})
    policy = next(v for t, n, v in page.attributes if t == "meta" and n == "content" and "default-src" in v)
    assert "default-src 'none'" in policy and "http" not in policy
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style and "@import" not in style


def test_specifications_hold_their_data_and_point_nowhere(one):
    _, text, page = one
    specs = json.loads(re.search(r'id="specs">(.*?)</script>', text, re.S)[1])
    assert {value for _, name, value in page.attributes if name == "data-spec"} == set(specs)

    def urls(value):
        if isinstance(value, dict):
            return [v for k, v in value.items() if k == "url"] + [u for v in value.values() for u in urls(v)]
        return [u for v in value for u in urls(v)] if isinstance(value, list) else []

    assert not urls(specs) and all(spec["description"] for spec in specs.values())


def test_the_charts_hold_the_tables_numbers(one):
    made, *_ = one
    drawn = figures(made, gather(made.tables))
    cells = drawn["correlations"].panels[0].spec["data"]["values"]
    expected = made.tables["correlations"].set_index(["method", "metric"]).pearson
    assert len(cells) == 8 * 28
    for cell in cells:
        assert cell["pearson"] == pytest.approx(expected[cell["method"], cell["metric"]], rel=1e-5)
    shares = drawn["coefficients"].panels[0].spec["data"]["values"]
    lasso = made.tables["coefficients"].query("predictor == 'lasso' and method == 'tsv' and feature == 'effective_rank'")
    found = next(s for s in shares if (s["predictor"], s["method"], s["feature"]) == ("lasso", "tsv", "effective_rank"))
    assert found["share"] == pytest.approx((lasso.coefficient != 0).mean())


def test_names_are_escaped_wherever_they_stand():
    evil = ["</script><script>alert(1)</script>", "<b>bold</b>", 'quo"te', "a.b[0]", "plain"]
    text = render([setting("<i>x</i>", tasks=evil, methods=("tsv",))], {"<u>key</u>": "<u>value</u>"})
    for raw in (evil[0], evil[1], "<i>x</i>", "<u>"):
        assert raw not in text
    assert text.count("<script") == 4 and "alert(1)" in Page(text).text("s1-table")


def test_an_undefined_value_is_said_in_words_and_never_becomes_nan():
    made = synthetic.tables(4, ("tsv", "ties"))
    made["merges"].loc[0, "normalised_accuracy"] = np.nan
    made["correlations"].loc[0, "pearson"] = np.nan
    text = render([setting(tasks=4, methods=("tsv", "ties"), **made)], {})
    assert "undefined" in Page(text).text("s1-table")
    assert not re.search(r"\bNaN\b", re.search(r'id="specs">(.*?)</script>', text, re.S)[1])


def test_a_setting_without_predictors_or_curves_still_makes_a_page():
    made = synthetic.tables(4, ("tsv",))
    for name in ("folds", "scores"):
        made[name] = made[name][made[name].kind == "baseline"]
    page = Page(render([dataclasses.replace(setting(tasks=4, methods=("tsv",), **made), curves={})], {}))
    assert "No predictor was run" in page.text("s1-summary") and "s1-training" not in page.sections


def test_several_settings_are_compared_and_their_metrics_explained_once():
    page = Page(render([setting("one", 4, ("tsv",)), setting("two", 5, ("tsv", "dare"), seed=3)], {}))
    assert page.text("compare").count("tsv") + page.text("compare").count("dare") >= 2
    assert {"s1-table", "s2-table", "compare", "meaning", "run"} <= set(page.sections)
    assert page.text("meaning").count("About effective_rank.") == 1


def test_every_metric_is_explained_and_the_configuration_is_shown(one):
    _, _, page = one
    for name in synthetic.METRICS:
        assert f"About {name}." in page.text("meaning")
    assert "ab" * 32 in page.text("s1-configuration") and "2.4.6" in page.text("run")


def test_a_setting_read_from_its_folder_makes_the_very_same_page(tmp_path):
    folder = synthetic.write(tmp_path / "tiny", 4, ("tsv", "ties"))
    straight = Setting("tiny", synthetic.tables(4, ("tsv", "ties")), synthetic.curves(4))
    write_report(tmp_path / "a.html", [read_setting(folder)], {})
    write_report(tmp_path / "b.html", [straight], {})
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_bad_input_is_one_clear_line(tmp_path):
    folder = synthetic.write(tmp_path / "tiny", 4, ("tsv",))
    (folder / "tables" / "scores.csv").unlink()
    with pytest.raises(MergecastError, match=r"scores\.csv: no such table; check the path, or make it"):
        read_setting(folder)
    with pytest.raises(MergecastError, match="there is no setting to show"):
        write_report(tmp_path / "x.html", [], {})
    with pytest.raises(MergecastError, match="two settings are named 'tiny_AdamW'"):
        write_report(tmp_path / "x.html", [setting(tasks=4), setting(tasks=4)], {})


def test_every_caption_of_the_workflow_report_renders(root):
    from types import SimpleNamespace

    from docutils.core import publish_doctree
    from jinja2 import Environment, StrictUndefined

    captions = sorted((root / "workflow" / "report").glob("*.rst"))
    needed = {"pairs", "predicted", "folds", "coefficients", "correlations", "training", "page", "workflow"}
    needed |= {"checkpoints", "metrics", "merges", "predictions", "scores"}
    assert {path.stem for path in captions} >= needed
    job = SimpleNamespace(wildcards=SimpleNamespace(setting="tiny_AdamW"))
    for path in captions:
        text = Environment(undefined=StrictUndefined).from_string(path.read_text()).render(snakemake=job)
        tree = publish_doctree(text, settings_overrides={"report_level": 5, "halt_level": 5})
        assert not list(tree.findall(lambda node: node.tagname in ("system_message", "problematic"))), path.name
        assert len(tree.astext()) > 100, path.name
