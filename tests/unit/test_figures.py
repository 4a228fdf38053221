"""Figures: the table's own numbers are in them, and on paper they are whole, the same bytes each time, and load nothing."""

import dataclasses
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import study
import synthetic
from mergecast import catalogue
from mergecast.analysis.declared import everything
from mergecast.charts import paper
from mergecast.errors import MergecastError
from mergecast.tables import reading
from mergecast.tables.setting import Setting

METRICS = [{"name": name, "category": category} for name, category in synthetic.METRICS.items()]
TABLES = synthetic.tables(8)
FIGURES = [name for name, analysis in everything().items()
           if analysis.has_figure and analysis.scope == "setting" and {*analysis.shows} <= {*TABLES, "curves"}]  # fmt: skip


def setting(tables=TABLES, curves=None, **configuration):
    return Setting("tiny", tables, synthetic.curves(8) if curves is None else curves, configuration, METRICS)


def draw(name, given=None, **tables):
    given = given or setting()
    given = dataclasses.replace(given, tables={**given.tables, **tables})
    return catalogue.load(f"analysis.{name}", "figure").draw(given)


def draw_all(n_tasks, methods):
    made = setting(synthetic.tables(n_tasks, methods), synthetic.curves(n_tasks))
    there = [name for name in FIGURES if not (name == "agreement" and len(methods) < 2)]
    return {name: draw(name, made) for name in there} | {"transfer": across(synthetic.across()["transfer"])}


def across(table):
    return catalogue.load("analysis.transfer", "figure").draw(Setting("across", {"transfer": table}))


def panel(figure, title=""):
    return next(panel for panel in figure.panels if panel.title == title)


def cells(spec):
    """All rows of data that a specification holds, of its own and of its layers, each set once."""
    found = {}
    for part in (spec, *spec.get("layer", ())):
        for row in part.get("data", {}).get("values", []):
            found[repr(row)] = row
        for row in cells(part) if part is not spec else []:
            found[repr(row)] = row
    return list(found.values())


def words(figure):
    return " ".join(figure.caption.split())


def test_every_figure_is_written_as_svg_and_pdf_with_fonts_inside_and_no_date(tmp_path):
    made = draw_all(5, ("tsv", "ties"))
    for name, figure in made.items():
        paper.save(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.pdf")
        svg, pdf = (tmp_path / f"{name}.svg").read_text(), (tmp_path / f"{name}.pdf").read_bytes()
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert "href" not in svg.replace("xmlns:xlink", "") and "<image" not in svg and "NaN" not in svg
        assert pdf.startswith(b"%PDF") and b"/FontFile" in pdf and b"CreationDate" not in pdf
    assert len(list(tmp_path.iterdir())) == 2 * len(made) == 40  # nothing temporary is left


def test_the_bytes_are_the_same_in_another_process_with_another_hash_seed(tmp_path):
    script = (
        "import sys, test_figures as t\n"
        "for name in ('pairs', 'scores', 'coefficients'):\n"
        "    figure = t.draw(name, t.setting(t.synthetic.tables(4, ('tsv', 'ties')), t.synthetic.curves(4)))\n"
        "    t.paper.save(figure, f'{sys.argv[1]}/{name}.svg', f'{sys.argv[1]}/{name}.pdf')\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])}
    for seed in ("1", "7"):
        (tmp_path / seed).mkdir()
        environment["PYTHONHASHSEED"] = seed
        subprocess.run([sys.executable, "-c", script, tmp_path / seed], check=True, env=environment)
    written = sorted((tmp_path / "1").iterdir())
    assert len(written) == 6
    for path in written:
        assert path.read_bytes() == (tmp_path / "7" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(("tasks", "methods"), [(4, ("task_arithmetic",)), (20, ())])
def test_figures_are_of_a_size_that_paper_takes(tasks, methods):
    many = {"pairs": draw("pairs", setting(synthetic.tables(20, ("tsv", "ties"))))}
    made = many if tasks == 20 else draw_all(tasks, methods)
    for name, figure in made.items():
        whole = paper.vl_convert.vegalite_to_svg(paper.compose(figure), vl_version=paper.VEGALITE)
        width, height = (float(re.search(rf'^<svg[^>]* {side}="([\d.]+)"', whole)[1]) for side in ("width", "height"))
        assert 150 < width < 3000 and 60 < height < 4000, name


def test_on_paper_a_figure_has_its_title_all_its_panels_and_nothing_picked():
    figure = draw("pairs")
    whole = paper.compose(figure)
    assert whole["title"]["text"] == figure.title and " ".join(whole["title"]["subtitle"]) == figure.caption
    assert [view["title"]["text"] for view in whole["concat"]] == list(synthetic.METHODS)
    assert whole["params"] == [{"name": "picked", "value": ""}] and not any("params" in view for view in whole["concat"])


def test_what_readers_of_the_page_choose_stands_side_by_side_on_paper():
    figure = draw("coefficients")
    (control,) = figure.controls
    assert [view["title"] for view in paper.compose(figure)["concat"]] == list(control.options)
    assert len(figure.panels) == 1


def test_a_cell_of_the_pair_heatmap_is_the_mean_of_the_pairs_two_rows():
    mine = TABLES["merges"].query("method == 'ties' and task_a == 'shapes' and task_b == 'textures'")
    assert len(mine) == 2
    drawn = cells(panel(draw("pairs"), "ties").spec)
    (cell,) = (row for row in drawn if row.get("pair") == "shapes__textures")
    assert cell["value"] == pytest.approx(mine.normalised_accuracy.mean(), rel=1e-5)
    assert {cell["row"], cell["column"]} == {"shapes", "textures"} and len(drawn) == 28


def test_numbers_are_left_out_of_the_cells_when_there_are_many_tasks():
    def texts(figure):
        return [layer for layer in figure.panels[0].spec["layer"] if layer["mark"]["type"] == "text"]

    assert texts(draw("pairs")) and not texts(draw("pairs", setting(synthetic.tables(20, ("tsv",)))))


def test_an_undefined_pair_is_grey_and_counted():
    merges = TABLES["merges"].copy()
    one = (merges.method == "tsv") & (merges.task_a == "shapes") & (merges.task_b == "lines")
    merges.loc[merges[one].index[0], "normalised_accuracy"] = np.nan
    figure = draw("pairs", merges=merges)
    grey = panel(figure, "tsv").spec["layer"][0]
    assert grey["mark"]["style"] == "missing" and grey["transform"] == [{"filter": "datum.value === null"}]
    assert sum(row["value"] is None for row in cells(panel(figure, "tsv").spec)) == 1
    assert "1 undefined (grey)" in words(figure)


def test_beside_the_scatter_stands_the_score_of_the_scores_table():
    table = reading.headline(TABLES["scores"], "scores", split="l2to")
    q2, rival = table.set_index(["predictor", "method"]).q2, reading.leader(table, "baseline")
    figure = draw("predicted")
    (control,) = figure.controls
    for method in synthetic.METHODS:
        shown = cells(panel(figure, method).spec)
        by_name = {row["predictor"]: row["text"] for row in shown if "text" in row and "predictor" in row}
        assert by_name == {name: f"Q² = {minus(q2[name, method])}" for name in control.options}
        assert {"text": f"{rival}: Q² = {minus(q2[rival, method])}"} in shown


def minus(value):
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−")


@pytest.mark.parametrize("split", ["loto", "l2to"])
def test_the_scatter_draws_each_pair_once_with_both_tasks_unseen_or_at_the_mean_of_two_forecasts(split):
    there = {name: TABLES[name][TABLES[name].split == split] for name in ("scores", "predictions")}
    drawn = [row for row in cells(panel(draw("predicted", **there), "dare").spec) if "single_task" in row]
    assert len(drawn) == 28
    row = drawn[3]
    mine = there["predictions"].query("method == 'dare' and predictor == 'single_task'")
    mine = mine[(mine.task_a == row["task_a"]) & (mine.task_b == row["task_b"])]
    assert len(mine) == (2 if split == "loto" else 1) and row["single_task"] == pytest.approx(mine.predicted.mean(), abs=1e-4)


def test_the_axes_of_the_scatter_span_what_was_measured_and_count_what_lies_beyond():
    predictions = TABLES["predictions"].copy()
    wild = (predictions.predictor == "lasso") & (predictions.split == "l2to")
    predictions.loc[wild, "predicted"] = predictions.predicted[wild] * 100
    measured = predictions[(predictions.target == "normalised_accuracy") & (predictions.split == "l2to")].measured
    for found in draw("predicted", predictions=predictions).panels:
        low, high = found.spec["layer"][1]["encoding"]["x"]["scale"]["domain"]
        span = measured.max() - measured.min()
        assert measured.min() - 0.2 * span < low < measured.min() and measured.max() < high < measured.max() + 0.3 * span
        assert found.spec["layer"][1]["encoding"]["y"]["scale"] == found.spec["layer"][1]["encoding"]["x"]["scale"]
        assert found.spec["layer"][1]["encoding"]["x"]["scale"]["clamp"]
        beyond = {row["predictor"]: row["beyond"] for row in cells(found.spec) if "beyond" in row}
        assert "lasso: 28 beyond the axes" in beyond["lasso"] and "lasso" not in beyond["ridge"]


def test_text_in_charts_is_no_smaller_than_twelve_pixels():
    def sizes(value):
        if isinstance(value, dict):
            mine = [v for k, v in value.items() if k.lower().endswith("fontsize")]
            return mine + [size for v in value.values() for size in sizes(v)]
        return [size for v in value for size in sizes(v)] if isinstance(value, list) else []

    drawn = draw_all(5, ("tsv", "ties"))
    found = sizes([paper.theme.config(paper.theme.LIGHT), *map(paper.compose, drawn.values())])
    assert found and min(found) >= 12


def test_a_split_without_any_interval_has_no_empty_panel():
    table = TABLES["coverage"].copy()
    table.loc[table.split == "disjoint", ["coverage", "mean_width"]] = np.nan
    assert [each.title for each in draw("coverage", coverage=table).panels] == [
        "leave one task out", "leave two tasks out", "Width, leave one task out", "Width, leave two tasks out",
    ]  # fmt: skip
    table[["coverage", "mean_width"]] = np.nan
    assert len(draw("coverage", coverage=table).panels) == 1


def test_legends_are_not_cut_and_regret_has_few_ticks():
    assert paper.theme.config(paper.theme.LIGHT)["legend"]["labelLimit"] == 0
    legend = draw("splits").panels[0].spec["layer"][1]["encoding"]["color"]["legend"]
    assert legend["labelLimit"] == 0 and legend["columns"] == 1
    assert draw("selection").panels[0].spec["layer"][0]["encoding"]["x"]["axis"]["tickCount"] == 5


def test_a_figure_with_a_panel_for_each_method_says_so():
    for name in ("pairs", "predicted", "folds", "scores", "subsets"):
        figure = draw(name)
        assert figure.by_method and [each.title for each in figure.panels] == list(synthetic.METHODS)


def test_the_fold_figure_writes_each_mean_and_counts_undefined_folds():
    means = reading.headline(TABLES["scores"], "scores").set_index(["method", "predictor"]).mean_r
    order = ["l1_pearson", "ridge", "lasso", "single_task", "task_effects", "train_mean"]
    for method in synthetic.METHODS:
        shown = [row["text"] for row in cells(panel(draw("folds"), method).spec) if "text" in row]
        expected = [f"{means[method, name]:.2f}".replace("-", "−") for name in order[:-1]] + ["8 undefined"]
        assert sorted(set(shown)) == sorted(set(expected))


def test_correlations_are_written_with_two_digits_a_star_and_undefined_ones_in_words():
    table = TABLES["correlations"].copy()
    table.loc[0, "pearson"] = np.nan
    shown = cells(draw("correlations", correlations=table).panels[0].spec)
    by_cell = {(row["method"], row["metric"]): row["text"] for row in shown}
    for row in table.itertuples():
        expected = f"{row.pearson + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−") + "*" * (row.p < 0.05)
        found = by_cell[row.method, row.metric]
        assert found.startswith("undefined") if row.Index == 0 else found == expected


def test_coefficients_are_averaged_over_folds_and_squares_shrink_with_the_share_of_folds():
    table = pd.DataFrame(
        [("ties", "lasso", "normalised_accuracy", fold, metric, value) for metric, values in
         {"effective_rank": (1.0, 3.0), "spectral_gap": (0.0, -2.0), "stable_rank": (0.0, 0.0)}.items()
         for fold, value in zip("ab", values, strict=True)],
        columns=["method", "predictor", "target", "fold", "feature", "coefficient"],
    )  # fmt: skip
    found = reading.mean_coefficients(table, synthetic.METRICS).set_index("feature")
    assert dict(found["mean"]) == {"effective_rank": 2, "spectral_gap": -1, "stable_rank": 0}
    assert dict(found.share) == {"effective_rank": 1, "spectral_gap": 0.5, "stable_rank": 0}
    shown = {row["feature"]: row for row in cells(draw("coefficients", coefficients=table).panels[0].spec)}
    assert {name: row["relative"] for name, row in shown.items()} == {
        "effective_rank": 1, "spectral_gap": -0.5, "stable_rank": 0,
    }  # fmt: skip
    assert shown["spectral_gap"]["area"] == 0.5 and 0 < shown["stable_rank"]["area"] < 0.01


def test_features_that_are_no_metric_are_left_out_of_the_coefficients():
    table = TABLES["coefficients"].copy()
    table["feature"] = "task: " + table.feature
    with pytest.raises(MergecastError, match="none of its features is a known metric"):
        draw("coefficients", coefficients=table)


def test_training_panels_say_where_accuracy_started_and_ended():
    figure = draw("training")
    for row in TABLES["checkpoints"].itertuples():
        assert panel(figure, row.task).note == f"{row.zero_shot_accuracy:.2f} → {row.fine_tuned_accuracy:.2f}"


def test_fine_tuning_curves_stand_alone_where_zero_shot_accuracies_are_not_known():
    figure = draw("training", checkpoints=TABLES["checkpoints"][["task", "fine_tuned_accuracy"]])
    assert panel(figure, "shapes").note == "" and "zero-shot" not in words(figure)


def test_an_empty_table_or_a_missing_column_is_one_clear_line():
    with pytest.raises(MergecastError, match="table merges: has no row"):
        draw("pairs", merges=TABLES["merges"].iloc[:0])
    with pytest.raises(MergecastError, match="table folds: lacks the column 'pearson'"):
        draw("folds", folds=TABLES["folds"].drop(columns="pearson"))
    with pytest.raises(MergecastError, match="there are none to draw"):
        draw("training", setting(curves={}))


def test_a_predictor_undefined_for_one_method_is_never_the_best():
    table = pd.DataFrame(
        [("a", "predictor", "m", 0.9), ("a", "predictor", "n", np.nan), ("b", "predictor", "m", 0.1),
         ("b", "predictor", "n", 0.2), ("c", "baseline", "m", np.nan)],
        columns=["predictor", "kind", "method", "q2"],
    )  # fmt: skip
    assert reading.leader(table, "predictor") == "b"
    assert reading.leader(table, "baseline") == "c"
    assert reading.leader(table, "oracle") is None


def test_numbers_of_other_splits_and_targets_never_reach_the_headline_figures():
    cut = {name: TABLES[name].copy() for name in ("folds", "scores", "predictions")}
    for name, table in cut.items():
        other = table.target != "normalised_accuracy"
        other |= table.split != ("loto" if name == "folds" else "l2to")
        cut[name] = table[~other]
    for name in ("folds", "scores", "predicted"):
        assert draw(name).panels == draw(name, **cut).panels
    with pytest.raises(MergecastError, match="table predictions: has no row of target 'loss' under split 'loto'"):
        draw("folds", setting(targets=["loss"]))


def test_a_directed_target_has_every_pair_both_ways_round():
    merges = TABLES["merges"]
    found = reading.pair_values(merges, "retained").set_index(["method", "task_a", "task_b"]).value
    assert len(found) == len(merges) == 2 * 28 * 8
    for row in merges.sample(50, random_state=0).itertuples():
        other = row.task_b if row.task == row.task_a else row.task_a
        assert found[row.method, row.task, other] == row.normalised_accuracy


def test_the_score_figure_writes_q2_and_p_and_draws_interval_and_null():
    table = reading.headline(TABLES["scores"], "scores", split="l2to").set_index(["method", "predictor"])
    shown = {row["predictor"]: row for row in cells(panel(draw("scores"), "ties").spec) if "predictor" in row}
    row, drawn = table.loc["ties", "ridge"], shown["ridge"]
    p = f"{row.p_q2:.3f}".replace("0.", ".", 1)
    assert drawn["text"] == f"{minus(row.q2)}, p {p}"
    assert (drawn["q2_low"], drawn["q2_high"]) == pytest.approx((row.q2_low, row.q2_high), abs=1e-4)
    band = row.null_q2 - row.null_q2_sd, row.null_q2 + row.null_q2_sd
    assert (drawn["null_low"], drawn["null_high"]) == pytest.approx(band, abs=1e-4)


def test_stability_is_coloured_by_positive_less_negative_folds_and_says_how_often_a_metric_is_used():
    table = pd.DataFrame(
        [("ridge", "m", "effective_rank", 1.0, 0.75, -0.2, 0.1, 4), ("ridge", "m", "stable_rank", 0.0, np.nan, 0.0, 0.0, 4)],
        columns=["predictor", "method", "metric", "selected", "sign_agreement", "mean", "sd", "n_folds"],
    )
    shown = {row["metric"]: row for row in cells(draw("stability", stability=table).panels[0].spec)}
    assert shown["effective_rank"]["net"] == -0.5  # one fold in four is positive, three negative
    assert shown["stable_rank"]["net"] == 0
    assert (shown["effective_rank"]["selected"], shown["stable_rank"]["selected"]) == (1, 0)


def test_stability_shows_the_predictor_of_the_analyses_alone():
    both = pd.concat([TABLES["stability"], TABLES["stability"].assign(predictor="lasso", selected=0.0)])
    of_ridge = draw("stability", setting({**TABLES, "stability": both}, analysis={"predictor": "ridge"}))
    assert of_ridge.panels == draw("stability").panels


def test_ablation_shows_the_change_without_and_the_score_with_only_each_category():
    table = TABLES["ablation"].set_index(["kept", "category", "method"])
    left, right = ({(row["category"], row["method"]): row for row in cells(panel.spec)} for panel in draw("ablation").panels)
    categories = list(study.CATEGORIES)
    counts = pd.Series(synthetic.METRICS).value_counts()
    for name, method in ((categories[0], synthetic.METHODS[0]), (categories[3], synthetic.METHODS[2])):
        shown = (f"{name.replace('_', ' ')} ({counts[name]})", method)
        assert left[shown]["difference"] == pytest.approx(table.loc[("without", name, method), "difference"], rel=1e-5)
        assert right[shown]["mean_r"] == pytest.approx(table.loc[("only", name, method), "mean_r"], rel=1e-5)
    whole = table.loc[("all", "all", synthetic.METHODS[1]), "mean_r"]
    assert right["all", synthetic.METHODS[1]]["mean_r"] == pytest.approx(whole, rel=1e-5)


def test_ablation_of_one_category_says_that_there_is_nothing_to_leave_out():
    figure = draw("ablation", ablation=TABLES["ablation"].query("kept == 'all'"))
    assert "nothing to leave out" in words(figure) and len(figure.panels) == 1
    assert len(cells(figure.panels[0].spec)) == len(synthetic.METHODS)


def test_method_agreement_is_read_whichever_way_a_pair_is_written():
    row = {"predictor": "ridge", "sign_agreement": 0.25, "top5_overlap": 0.4, "coefficient_r": 0.1}
    three = [("x", "y"), ("x", "z"), ("y", "z")]
    turned = [("x", "y"), ("z", "x"), ("y", "z")]
    one, two = (pd.DataFrame([row | {"method_a": a, "method_b": b} for a, b in pairs]) for pairs in (three, turned))
    seen = [{(r["method_a"], r["method_b"]) for r in cells(draw("agreement", method_agreement=t).panels[0].spec)}
            for t in (one, two)]  # fmt: skip
    assert seen[0] == set(three) and {frozenset(pair) for pair in seen[1]} == set(map(frozenset, three))


def test_agreement_without_a_common_metric_is_drawn_as_undefined():
    table = TABLES["method_agreement"].assign(sign_agreement=np.nan, top5_overlap=np.nan, coefficient_r=np.nan)
    assert "no two methods use" in words(draw("agreement", method_agreement=table))


def test_the_best_of_each_kind_is_drawn_for_subsets():
    figure = draw("subsets")
    ranking = TABLES["subset_ranking"]
    expected = {reading.best(ranking, "spearman", kind)[0] for kind in ("predictor", "baseline", "measured")}
    assert {row["predictor"] for row in cells(figure.panels[0].spec) if "predictor" in row} == expected


@pytest.mark.parametrize("lost", ["spearman", "both"])
def test_subsets_without_any_spearman_are_drawn_by_their_measured_pairs(lost):
    ranking, scored = TABLES["subset_ranking"].assign(spearman=np.nan, n_subsets=1), TABLES["subset_scores"].copy()
    if lost == "both":
        scored["score"] = np.nan
    figure = draw("subsets", subset_ranking=ranking, subset_scores=scored[scored.subset == 0])
    assert any(row.get("text", "").startswith("ρ undefined") for row in cells(figure.panels[0].spec))
    assert "measured_pairs" in words(figure)


def test_transfer_averages_over_methods_and_leaves_pairs_of_settings_out_that_there_are_not():
    rows = [("ridge", m, a, b, "accuracy", 0.1, r, 0.1, r, 0.1, 4, 0, 3, 4)
            for m, r in (("x", 0.2), ("y", 0.4)) for a, b in (("s", "s"), ("s", "t"), ("t", "t"))]  # fmt: skip
    figure = across(pd.DataFrame(rows, columns=synthetic.across()["transfer"].columns))
    shown = {(row["train_setting"], row["test_setting"]): row["mean_r"] for row in cells(figure.panels[0].spec)}
    assert shown["s", "t"] == pytest.approx(0.3) and ("t", "s") not in shown


def test_transfer_without_two_settings_alike_says_so():
    table = synthetic.across()["transfer"].query("train_setting == test_setting")
    assert "no two settings share" in words(across(table))


def test_pairs_that_were_not_measured_are_counted():
    merges = TABLES["merges"]
    few = merges[~((merges.task_a == "shapes") & merges.task_b.isin(["lines", "textures"]))]
    noted = words(draw("pairs", merges=few))
    assert "8 tasks, 26 pairs per method" in noted and "2 pairs not measured" in noted


def test_a_directed_heatmap_does_not_speak_of_a_mean_of_two_tasks():
    figure = draw("pairs", setting(targets=["retained"]))
    assert words(figure).startswith("Normalised accuracy kept by one task (row: kept, column: other), on one colour scale")
    merges = TABLES["merges"].set_index(["method", "task_a", "task_b", "task"]).normalised_accuracy
    shown = {(row["row"], row["column"]): row["value"] for row in cells(panel(figure, "tsv").spec)}
    assert len(shown) == 8 * 7 and shown["lines", "shapes"] == pytest.approx(merges["tsv", "shapes", "lines", "lines"])
    assert shown["shapes", "lines"] == pytest.approx(merges["tsv", "shapes", "lines", "shapes"])
    assert words(draw("pairs")).startswith("Mean normalised accuracy of the two tasks")


@pytest.mark.parametrize("count", [1, 4, 5])
def test_every_interval_level_is_drawn_with_a_mark_of_its_own(count):
    table, levels = TABLES["coverage"], [0.5, 0.6, 0.7, 0.8, 0.9, 0.95][:count]
    one = table[table.level == table.level.iloc[0]]
    figure = draw("coverage", coverage=pd.concat([one.assign(level=level) for level in levels]))
    shape = figure.panels[0].spec["layer"][1]["encoding"]["shape"]["scale"]
    assert shape["domain"] == [f"{level:.0%}" for level in levels] and len(set(shape["range"])) == count
