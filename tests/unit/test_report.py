"""The page: its sentences carry the tables' numbers, it loads nothing, and names cannot break it."""

import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import synthetic
from mergecast.analysis.coverage import section as coverage
from mergecast.analysis.declared import EXPLORED, FORECAST, MEASURED, everything
from mergecast.analysis.scores import section as scores
from mergecast.analysis.selection import section as selection
from mergecast.analysis.setting_agreement import section as setting_agreement
from mergecast.analysis.subsets import section as subsets
from mergecast.analysis.transfer import section as transfer
from mergecast.errors import MergecastError
from mergecast.report import Setting, read_setting, stems, write_report
from mergecast.report.facts import judge, rank_methods
from mergecast.report.packing import unpack
from mergecast.report.page import render
from mergecast.report.sections import sections
from mergecast.report.setting import TABLES

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


def packed(text, identity="s1"):
    """What the page's script unpacks for the evidence of a setting, as text."""
    return unpack(re.search(rf'id="evidence-{identity}">(.*?)</script>', text, re.S)[1])


@pytest.fixture(scope="module")
def one():
    made = setting()
    text = render([made], {"mergecast": "0.1.0", "versions": {"numpy": "2.4.6"}})
    return made, text, Page(text)


def test_the_summary_names_the_best_method_and_pairs_with_the_tables_numbers(one):
    made, _, page = one
    summary, merges = page.text("s1-summary"), made.tables["merges"]
    means = merges.groupby("method").normalised_accuracy.mean()  # every pair has two rows, so this is the mean of pairs
    assert f"{means.idxmax()} is highest: mean normalised accuracy {means.max():.3f}" in summary
    assert "No method is clearly best on these 28 pairs" in summary and "merges best" not in summary
    assert f"The weakest is {means.idxmin()} with {means.min():.3f}" in summary
    by_pair = merges.groupby(["task_a", "task_b"]).normalised_accuracy.mean()
    assert f"{' + '.join(by_pair.idxmax())} merge best ( {by_pair.max():.3f})".replace("( ", "(") in summary
    assert f"{' + '.join(by_pair.idxmin())} worst ({by_pair.min():.3f})" in summary
    wins = merges.groupby(["task_a", "task_b", "method"]).normalised_accuracy.mean().unstack().idxmax(axis=1)
    assert f"best of 8 methods on {(wins == means.idxmax()).sum()} of 28 pairs" in summary


def test_the_summary_holds_the_forecast_against_its_best_baseline(one):
    made, _, page = one
    scores, folds = made.headline["scores"], made.headline["folds"]
    assert set(scores.split) == {"l2to"} and set(folds.split) == {"loto"}
    mean = scores.groupby(["kind", "predictor"]).q2.mean()
    best, rival = mean["predictor"].idxmax(), mean["baseline"].idxmax()
    summary = page.text("s1-summary")
    assert f"{best}, reaches Q² = {shown(mean['predictor'].max())} (leave two tasks out)" in summary
    lead = made.headline["comparisons"].query("predictor == @best and rival == @rival and score == 'q2' and method == 'all'")
    difference, low, high = (shown(lead[column].item()) for column in ("difference", "low", "high"))
    assert f"{rival} (Q² = {shown(mean['baseline'].max())})" in summary
    assert f"the difference is {difference}, 95 % interval over tasks [{low}, {high}]" in summary
    assert f"r is undefined in {folds.pearson.isna().sum()} of {len(folds)} folds" in summary
    closest = scores.groupby("predictor").mae.mean()
    assert f"In absolute error {closest.idxmin()} is closest ({closest.min():.3f}" in summary


@pytest.mark.parametrize(
    ("shift", "verdict", "sentence"),
    [(0.3, "better", "It beats the best baseline"), (0.0, "level", "It cannot be told from the best baseline"),
     (-0.3, "worse", "A baseline wins")],
)  # fmt: skip
def test_the_wording_is_honest_whoever_wins(shift, verdict, sentence):
    made = setting(tasks=5, methods=("tsv", "ties"))
    scores, comparisons = made.tables["scores"].copy(), made.tables["comparisons"].copy()
    scores["q2"] = np.where(scores.kind == "predictor", -0.95, -0.9)
    scores.loc[scores.predictor == "single_task", "q2"] = 0.4
    scores.loc[scores.predictor == "ridge", "q2"] = 0.4 + shift
    both = (comparisons.predictor == "ridge") & (comparisons.rival == "single_task") & (comparisons.score == "q2")
    comparisons.loc[both, ["difference", "low", "high"]] = shift, shift - 0.1, shift + 0.1
    made = setting(tasks=5, methods=("tsv", "ties"), scores=scores, comparisons=comparisons)
    forecast = judge(made.split, *(made.headline[name] for name in ("folds", "scores", "comparisons")))
    assert (forecast.verdict, forecast.predictor.name, forecast.baseline.name) == (verdict, "ridge", "single_task")
    assert (forecast.difference, forecast.low, forecast.high) == pytest.approx((shift, shift - 0.1, shift + 0.1))
    assert sentence in Page(render([made], {})).text("s1-summary")


def test_a_method_that_leads_on_all_pairs_is_said_to_merge_best():
    merges = synthetic.tables(6, ("tsv", "ties"))["merges"]
    merges["normalised_accuracy"] = np.where(merges.method == "ties", 0.9, 0.7) + 0.01 * (merges.index % 3)
    page = Page(render([setting(tasks=6, methods=("tsv", "ties"), merges=merges)], {}))
    assert "ties merges best: mean normalised accuracy 0.9" in page.text("s1-summary")


def test_every_r_of_the_tiles_says_which_r_it_is(one):
    made, _, page = one
    summary = page.text("s1-summary")
    best = made.headline["scores"].query("kind == 'predictor'").groupby("predictor").q2.mean().idxmax()
    centred = made.headline["scores"].query("predictor == @best").centred_r.mean()
    within = made.headline["folds"].query("predictor == @best").groupby("method").pearson.mean().mean()
    assert f"r = {shown(centred)} centred r of {best}" in summary
    assert f"r = {shown(within)} fold mean of r of {best}" in summary


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
    table = page.text("s1-all_pairs")
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
    specs = {name: spec for part in ("s1", "across") for name, spec in json.loads(packed(text, part))["specs"].items()}
    assert {value for _, name, value in page.attributes if name == "data-spec"} == set(specs)

    def urls(value):
        if isinstance(value, dict):
            return [v for k, v in value.items() if k == "url"] + [u for v in value.values() for u in urls(v)]
        return [u for v in value for u in urls(v)] if isinstance(value, list) else []

    assert not urls(specs) and all(spec["description"] for spec in specs.values())


def test_the_charts_hold_the_tables_numbers(one):
    made, *_ = one
    found, _ = sections(made)
    drawn = {figure.name: figure for _, section in found.values() for figure in section.figures}
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
    assert text.count("<script") == 8 and "alert(1)" in Page(text).text("s1-all_pairs")


def test_an_undefined_value_is_said_in_words_and_never_becomes_nan():
    made = synthetic.tables(4, ("tsv", "ties"))
    made["merges"].loc[0, "normalised_accuracy"] = np.nan
    made["correlations"].loc[0, "pearson"] = np.nan
    text = render([setting(tasks=4, methods=("tsv", "ties"), **made)], {})
    assert "undefined" in Page(text).text("s1-all_pairs")
    assert not re.search(r"\bNaN\b", packed(text))


def test_tasks_whose_checkpoints_were_brought_are_named_and_have_no_curve():
    made = setting(tasks=4)
    *own, last = made.curves
    told = made.configuration | {"checkpoints": {last: "mine/last.pt"}}
    curves = {task: made.curves[task] for task in own}
    page = Page(render([dataclasses.replace(made, configuration=told, curves=curves)], {}))
    assert f"Not fine-tuned here but brought, so without a training curve: {last}." in page.text("s1-summary")
    assert all(task in page.text("s1-training") for task in own) and last not in page.text("s1-training")
    assert "brought" not in Page(render([made], {})).text("s1-summary")


def test_a_setting_without_predictors_or_curves_still_makes_a_page():
    made = synthetic.tables(4, ("tsv",))
    for name in ("folds", "scores", "predictions"):
        made[name] = made[name][made[name].kind == "baseline"]
    made["comparisons"] = made["comparisons"].iloc[:0]
    made["coefficients"] = made["coefficients"].iloc[:0]
    page = Page(render([dataclasses.replace(setting(tasks=4, methods=("tsv",), **made), curves={})], {}))
    assert "No predictor was run" in page.text("s1-summary") and "s1-training" not in page.sections


def test_several_settings_are_compared_and_their_metrics_explained_once():
    page = Page(render([setting("one", 4, ("tsv",)), setting("two", 5, ("tsv", "dare"), seed=3)], {}))
    assert page.text("compare").count("tsv") + page.text("compare").count("dare") >= 2
    assert {"s1-all_pairs", "s2-all_pairs", "compare", "meaning", "run"} <= set(page.sections)
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

    folder = root / "workflow/scripts/mergecast/analysis"
    shown = [name for name, analysis in everything().items() if analysis.tables or analysis.has_figure]
    captions = [folder / name / "caption.rst" for name in shown]
    captions += [root / "workflow/report" / f"{table}.rst" for table in (*MEASURED, *FORECAST, "page", "workflow")
                 if table != "curves"]  # fmt: skip
    captions += [path for table in EXPLORED if (path := root / "workflow/report" / f"{table}.rst").exists()]
    assert set((root / "workflow/report").iterdir()) <= set(captions), "no caption belongs to nothing"
    for path in captions:
        across = everything().get(path.parent.name, SimpleNamespace(scope="setting")).scope == "across"
        named = SimpleNamespace(**({} if across else {"setting": "tiny_AdamW"}))
        job = SimpleNamespace(wildcards=named, params=named)
        text = Environment(undefined=StrictUndefined).from_string(path.read_text()).render(snakemake=job)
        tree = publish_doctree(text, settings_overrides={"report_level": 5, "halt_level": 5})
        assert not list(tree.findall(lambda node: node.tagname in ("system_message", "problematic"))), path
        assert len(tree.astext()) > 100, path


# the analyses


def test_the_score_table_says_interval_null_and_what_is_undefined_for_every_split_and_target(one):
    made, text, page = one
    held = json.loads(packed(text))["data"]["scores"]
    table = made.tables["scores"]
    assert len(held) == (8 + 1) * len(table[["split", "target"]].drop_duplicates()) == 9 * 5
    for row in table.itertuples():
        cells = next(cells for cells in held[f"{row.split}|{row.target}|{row.method}"] if cells[0] == row.predictor)
        assert cells[:3] == [row.predictor, row.kind, shown(row.q2)]
        assert cells[3] == f"[{shown(row.q2_low)}, {shown(row.q2_high)}]"
        assert cells[5].startswith(f"{shown(row.null_q2)} ± {shown(row.null_q2_sd)}")
        assert [cells[4], *cells[6:9]] == [shown(row.mae, 3), shown(row.p_q2, 3), shown(row.p_max_q2, 3), shown(row.centred_r)]
        assert cells[11:13] == [shown(row.mean_r), shown(row.spearman)]
        if row.n_undefined:
            assert cells[-1] == f"{row.n_undefined} of {row.n_folds}"
    assert "64 of 64" in json.dumps(held[f"loto|{made.target}|mean over methods"])  # train_mean, in every fold and method


def shown(value, digits=2):
    return "–" if value != value else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def test_the_score_section_says_whether_any_predictor_beats_the_best_baseline():
    made = setting(tasks=5, methods=("tsv", "ties")).headline
    table, against = made["scores"].copy(), made["comparisons"].copy()
    table["q2"] = np.where(table.kind == "predictor", 0.1, 0.0)
    table.loc[table.predictor == "task_effects", "q2"] = 0.81
    table.loc[table.predictor == "ridge", "q2"] = 0.61
    against[["difference", "low", "high"]] = -0.2, -0.3, -0.1
    lead = "Its lead over task_effects is −0.20, 95 % interval [−0.30, −0.10]."
    assert scores.words(table, against)[0] == f"No predictor beats task_effects: Q² 0.61 (ridge) against 0.81. {lead}"
    table.loc[table.predictor == "ridge", "q2"] = 0.9
    assert scores.words(table, against)[0].startswith(
        "1 of 3 predictors have a higher Q² than the best baseline, task_effects (0.81)"
    )
    table["n_permutations"] = 9
    assert any("fewer than 199 relabellings were drawn: too few for a p" in text for text in scores.words(table, against))


def test_every_analysis_has_a_section_with_sentences_a_chart_or_a_table(one):
    made, _, page = one
    found, missing = sections(made)
    known = [
        "models", "pairs", "noise", "all_pairs", "predicted", "folds", "correlations", "coefficients", "scores", "frontier",
        "interaction", "splits", "targets", "split_half", "coverage", "stability", "agreement", "ablation", "greedy",
        "calibration", "subsets", "selection", "planner", "planner_groups", "training",
    ]  # fmt: skip
    others = [
        analysis.title
        for analysis in everything().values()
        if analysis.scope == "setting" and analysis.missed and not {*analysis.shows} <= {*made.tables, "curves"}
    ]
    assert list(found) == known and missing == others
    for name, (title, section) in found.items():
        assert page.text(f"s1-{name}").startswith(title)
        assert section.figures or section.tables or section.template
        assert not section.words or section.words[0] in page.text(f"s1-{name}")


def test_an_analysis_that_was_not_asked_for_is_named_and_has_no_section():
    made = setting(tasks=4, methods=("tsv",))  # one method has no other to agree with
    bare = dataclasses.replace(made, tables={name: made.tables[name] for name in TABLES})
    page = Page(render([bare], {}))
    assert not {"s1-subsets", "s1-ablation", "s1-selection"} & set(page.sections) and "s1-splits" in page.sections
    assert "Merges of more than two; Choosing the method by forecast" in page.text("s1-summary")
    assert "s1-agreement" not in Page(render([made], {})).sections


def test_the_regret_sentence_says_whether_choosing_by_forecast_pays():
    table = synthetic.tables(4, ("tsv", "ties"))["selection"]
    table["regret"], table["regret_fixed"] = 0.05, 0.04
    assert any("it does not pay" in sentence for sentence in selection.words(table))
    table.loc[table.predictor == "ridge", "regret"] = 0.01
    assert any("Choosing by ridge" in sentence and "it pays" in sentence for sentence in selection.words(table))


def test_a_setting_of_tables_makes_a_page_that_says_what_it_does_not_know():
    page = Page(render([Setting("published", synthetic.of_tables(6))], {}))
    summary = page.text("s1-summary")
    assert "no zero-shot accuracy, no chance level and no training curves" in summary
    assert "s1-training" not in page.sections and "zero-shot" not in page.text("s1-models")
    assert "shapes__faces" in page.text("s1-dropped") and "constant over all pairs" in page.text("s1-dropped")


def test_the_headline_target_is_the_first_that_the_configuration_names():
    made = setting(tasks=4, methods=("tsv",))
    both = {name: pd.concat([table, table.assign(target="accuracy")]) for name in ("predictions", "coefficients")
            for table in (made.tables[name],)}  # fmt: skip
    made = dataclasses.replace(
        made, tables={**made.tables, **both}, configuration={"targets": ["accuracy", "normalised_accuracy"]}
    )
    assert made.target == "accuracy" and set(made.headline["scores"].target) == {"accuracy"}
    assert len(made.headline["folds"]) == 4 * 6 and set(made.headline["folds"].split) == {"loto"}
    assert "mean accuracy of the best method" in Page(render([made], {})).text("s1-summary")


def test_tables_over_settings_are_shown_where_there_are_any():
    both = [setting("one", 4, ("tsv",)), setting("two", 4, ("tsv",), seed=3)]
    page = Page(render(both, {}, synthetic.across(("one", "two"), ("tsv",))))
    transfer = synthetic.across(("one", "two"), ("tsv",))["transfer"]
    other = transfer[(transfer.predictor == "ridge") & (transfer.train_setting != transfer.test_setting)].mean_r.mean()
    assert f"tested on another, ridge reaches r = {other:.2f}" in page.text("across-transfer")
    assert "across-transfer" not in Page(render(both, {})).sections


def test_intervals_that_no_split_can_bound_are_said_to_be_so():
    table = synthetic.tables(5)["coverage"].copy()
    lost = table.split == "disjoint"
    table.loc[lost, ["coverage", "mean_width"]] = np.nan
    table.loc[lost, "n_unbounded"], table.loc[lost, "n"] = 12, 0
    told = " ".join(coverage.words(table))
    assert "Disjoint halves: too few tasks for intervals" in told and "undefined" not in told
    total = int(table.n.sum() + table.n_unbounded.sum())
    assert f"{int(table.n_unbounded.sum())} of {total} intervals are refused" in told
    cells = [cell for _, row in coverage.listed(table).rows for cell in row]
    assert "–" in cells and not any("undefined" in cell for cell in cells)


def test_an_interval_that_is_undefined_is_a_dash_in_no_brackets(one):
    made, *_ = one
    ranking = made.tables["subset_ranking"].copy()
    ranking.loc[ranking.kind == "baseline", ["spearman_low", "spearman_high"]] = np.nan
    ranking.loc[0, "spearman"] = np.nan
    cells = [cell for _, row in subsets.listed(ranking, list(dict.fromkeys(ranking.method))).rows for cell in row]
    assert "–" in cells and not any("[undefined" in cell for cell in cells)
    assert any(re.fullmatch(r"−?0\.\d\d", cell) for cell in cells)


def test_analyses_that_have_nothing_to_compare_still_make_a_page():
    made = setting(tasks=5, methods=("tsv", "ties"))
    one_kind = made.tables["ablation"].query("kept == 'all'")
    unused = made.tables["method_agreement"].assign(sign_agreement=np.nan, top5_overlap=np.nan, coefficient_r=np.nan)
    ranking = made.tables["subset_ranking"].assign(spearman=np.nan, spearman_low=np.nan, spearman_high=np.nan, n_subsets=1)
    scored = made.tables["subset_scores"].query("subset == 0")
    lost = {"ablation": one_kind, "method_agreement": unused, "subset_ranking": ranking, "subset_scores": scored}
    page = Page(render([dataclasses.replace(made, tables={**made.tables, **lost})], {}))
    assert "s1-ablation" not in page.sections and "Without a category" in page.text("s1-summary")
    assert "no metric that ridge uses under both" in page.text("s1-agreement")
    assert "1 random set of 3 tasks was merged at once" in page.text("s1-subsets")


def test_only_the_tables_and_curves_that_are_named_are_read(tmp_path):
    folder = synthetic.write(tmp_path / "tiny", 4, ("tsv", "ties"))
    everything = read_setting(folder)
    assert "selection" in everything.tables and len(everything.curves) == 4
    paths = [f"{folder}/tables/{name}.csv" for name in (*TABLES, "coverage")] + [f"{tmp_path}/other/tables/selection.csv"]
    some = read_setting(folder, names=stems(paths, folder / "tables"), curves={"shapes"})
    assert set(some.tables) == {*TABLES, "coverage"} and set(some.curves) == {"shapes"}
    with pytest.raises(MergecastError, match="no such table"):
        (folder / "tables" / "coverage.csv").unlink()
        read_setting(folder, names={*TABLES, "coverage"})


def test_a_directed_target_is_not_called_a_mean_of_two_tasks():
    made = setting(tasks=4, methods=("tsv",))
    cut = {name: made.tables[name][made.tables[name].target == made.tables[name].target.iloc[0]].assign(target="retained")
           for name in ("predictions", "folds", "scores", "comparisons", "coefficients", "coverage")}  # fmt: skip
    tables = {**{name: made.tables[name] for name in TABLES}, **cut}
    page = Page(render([dataclasses.replace(made, tables=tables)], {}))
    assert "Normalised accuracy kept by one task (row: kept, column: other), on one" in page.text("s1-pairs")
    note = page.text("s1-all_pairs")
    assert "kept by one task of each pair under each method;" in note and "mean of its two tasks" not in note


def test_a_baseline_of_one_metric_is_not_said_to_see_none():
    made = setting(tasks=5, methods=("tsv", "ties"))
    tables = dict(made.tables)
    for name in ("folds", "scores", "predictions", "comparisons"):
        tables[name] = tables[name].replace({column: {"task_effects": "best_metric"} for column in ("predictor", "rival")
                                             if column in tables[name]})  # fmt: skip
    tables["scores"].loc[tables["scores"].predictor == "best_metric", "q2"] = 0.95
    tables["comparisons"][["low", "high"]] = -0.9, -0.1
    summary = Page(render([dataclasses.replace(made, tables=tables)], {})).text("s1-summary")
    assert "best_metric, which uses one metric alone, reaches" in summary
    assert "more than one metric does not yet earn its keep" in summary and "sees no metric" not in summary


def test_settings_that_cannot_be_compared_are_said_to_be_so():
    both = synthetic.across(("one", "two"), ("tsv",))
    alone = both["transfer"].query("train_setting == test_setting")
    assert transfer.words(alone) == [
        "No two settings share four tasks, a target and a predictor: nothing can be carried from one to another."
    ]
    agreed = both["setting_agreement"]
    twice = pd.concat([agreed.assign(target=name) for name in ("normalised_accuracy", "retained")])
    assert setting_agreement.listed(twice).head[0] == ("target", False)
    assert setting_agreement.listed(agreed.assign(target="loss")).head[0] == ("method", False)
