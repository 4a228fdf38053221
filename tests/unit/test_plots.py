"""Figures: written whole, the same bytes each time, and with the table's own numbers in them."""

import os
import re
import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle

import study
import synthetic
from mergecast import plots
from mergecast.errors import MergecastError
from mergecast.plots import (
    ablation,
    agreement,
    calibration,
    coefficients,
    correlations,
    coverage,
    folds,
    greedy,
    pairs,
    predicted,
    scores,
    selection,
    splits,
    stability,
    subsets,
    targets,
    training,
    transfer,
)
from mergecast.plots._style import PARAMETERS

TABLES = synthetic.tables(8)
ACROSS = synthetic.across()
CURVES = synthetic.curves(8)


def draw_all(tables, curves):
    return {
        "pairs": pairs.draw(tables["merges"]),
        "predicted": predicted.draw(tables["predictions"], tables["scores"]),
        "folds": folds.draw(tables["folds"]),
        "coefficients": coefficients.draw(tables["coefficients"], synthetic.METRICS),
        "correlations": correlations.draw(tables["correlations"], synthetic.METRICS),
        "training": training.draw(curves, tables["checkpoints"]),
        "scores": scores.draw(tables["scores"]),
        "splits": splits.draw(tables["scores"], tables["folds"]),
        "targets": targets.draw(tables["scores"]),
        "coverage": coverage.draw(tables["coverage"]),
        "ablation": ablation.draw(tables["ablation"]),
        "stability": stability.draw(tables["stability"], synthetic.METRICS),
        "greedy": greedy.draw(tables["greedy_metrics"], tables["greedy"], synthetic.METRICS),
        "calibration": calibration.draw(tables["calibration"], synthetic.METRICS),
        "subsets": subsets.draw(tables["subset_scores"], tables["subset_ranking"]),
        "selection": selection.draw(tables["selection"]),
        "transfer": transfer.draw(ACROSS["transfer"]),
    } | ({"agreement": agreement.draw(tables["method_agreement"])} if len(tables["method_agreement"]) else {})


def small():
    return synthetic.tables(4, ("tsv", "ties")), synthetic.curves(4)


def texts(axis):
    return [text.get_text() for text in axis.texts if text.get_text()]


def panel(figure, title):
    return next(axis for axis in figure.axes if axis.get_title(loc="left").startswith(title))


@pytest.fixture(scope="module")
def figures():
    return draw_all(TABLES, CURVES)


def test_every_figure_is_written_as_svg_and_pdf_with_fonts_inside_and_no_date(figures, tmp_path):
    for name, figure in figures.items():
        plots.save(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.pdf")
        svg, pdf = (tmp_path / f"{name}.svg").read_text(), (tmp_path / f"{name}.pdf").read_bytes()
        assert svg.rstrip().endswith("</svg>") and "<text" not in svg and "<dc:date>" not in svg
        assert pdf.startswith(b"%PDF") and b"/FontFile2" in pdf and b"/Type3" not in pdf and b"CreationDate" not in pdf
    assert len(list(tmp_path.iterdir())) == 2 * len(figures) == 36  # nothing temporary is left


def test_the_bytes_are_the_same_in_another_process_with_another_hash_seed(tmp_path):
    script = (
        "import sys, test_plots as t\n"
        "for name, figure in t.draw_all(*t.small()).items():\n"
        "    t.plots.save(figure, f'{sys.argv[1]}/{name}.svg', f'{sys.argv[1]}/{name}.pdf')\n"
    )
    here = os.path.dirname(__file__)
    (tmp_path / "other").mkdir()
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join([here, *sys.path])}
    subprocess.run([sys.executable, "-c", script, tmp_path / "other"], check=True, env=environment)
    for name, figure in draw_all(*small()).items():
        plots.save(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.pdf")
        for kind in ("svg", "pdf"):
            written = tmp_path / f"{name}.{kind}"
            assert written.read_bytes() == (tmp_path / "other" / written.name).read_bytes(), written.name


@pytest.mark.parametrize(("tasks", "methods"), [(4, ("task_arithmetic",)), (8, synthetic.METHODS)])
def test_nothing_is_cut_off_at_the_edge(tasks, methods, tmp_path):
    for name, figure in draw_all(synthetic.tables(tasks, methods), synthetic.curves(tasks)).items():
        plots.save(figure, tmp_path / "x.svg", tmp_path / "x.pdf")
        with matplotlib.rc_context(PARAMETERS):
            figure.set_dpi(72)  # that of SVG and PDF
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
        ink = np.asarray(canvas.buffer_rgba())[..., :3].min(axis=2)
        edges = {"left": ink[:, :2], "right": ink[:, -2:], "top": ink[:2], "bottom": ink[-2:]}
        assert [edge for edge, strip in edges.items() if strip.min() < 250] == [], name


def test_a_cell_of_the_pair_heatmap_is_the_mean_of_the_pairs_two_rows(figures):
    rows = TABLES["merges"].query("method == 'ties' and task_a == 'shapes' and task_b == 'textures'")
    assert len(rows) == 2
    axis = panel(figures["pairs"], "ties")
    columns, lines = ([t.get_text() for t in labels] for labels in (axis.get_xticklabels(), axis.get_yticklabels()))
    a, b = ("shapes", "textures") if "shapes" in columns and "textures" in lines else ("textures", "shapes")
    if columns.index(a) > lines.index(b):
        a, b = b, a
    drawn = axis.images[0].get_array()[lines.index(b), columns.index(a)]
    assert drawn == pytest.approx(rows.normalised_accuracy.mean())
    assert f"{rows.normalised_accuracy.mean():.2f}".lstrip("0") in texts(axis)
    assert len(texts(axis)) == 28 + 1  # one number a pair, and the mean


def test_numbers_are_left_out_of_the_cells_when_there_are_many_tasks():
    figure = pairs.draw(synthetic.tables(20, ("tsv",))["merges"])
    assert len(texts(panel(figure, "tsv"))) == 1


def test_an_undefined_pair_is_hatched_and_counted():
    merges = TABLES["merges"].copy()
    one = (merges.method == "tsv") & (merges.task_a == "shapes") & (merges.task_b == "lines")
    merges.loc[merges[one].index[0], "normalised_accuracy"] = np.nan
    figure = pairs.draw(merges)
    hatched = [patch for patch in panel(figure, "tsv").patches if isinstance(patch, Rectangle) and patch.get_hatch()]
    assert len(hatched) == 1
    assert any("1 undefined" in text.get_text() for text in figure.texts)


def test_the_r_in_the_scatter_is_the_pooled_r_of_the_scores_table(figures):
    table = plots.headline(TABLES["scores"], "scores").set_index(["predictor", "method"]).pooled_r
    for method in synthetic.METHODS:
        found = [re.fullmatch(r"(\w+): r = (\S+)", text) for text in texts(panel(figures["predicted"], method))]
        assert len(found) == 2  # the best predictor, and the best baseline beside it
        for match in found:
            assert match[2].replace("−", "-") == f"{table[match[1], method]:.2f}"


def test_the_scatter_draws_each_pair_once_though_it_is_predicted_twice(figures):
    axis = panel(figures["predicted"], "dare")
    assert [len(points.get_offsets()) for points in axis.collections] == [28, 28]


def test_the_fold_figure_writes_each_mean_and_counts_undefined_folds(figures):
    means = plots.headline(TABLES["scores"], "scores").set_index(["method", "predictor"]).mean_r
    order = ["l1_pearson", "ridge", "lasso", "single_task", "task_effects", "train_mean"]
    for method in synthetic.METHODS:
        expected = [f"{means[method, name]:.2f}".replace("-", "−") for name in order[:-1]] + ["undefined (8)"]
        assert texts(panel(figures["folds"], method)) == expected


def test_correlations_are_written_with_two_digits_and_undefined_ones_are_hatched():
    table = TABLES["correlations"].copy()
    table.loc[0, "pearson"] = np.nan
    axis = correlations.draw(table, synthetic.METRICS).axes[0]
    shown = [f"{r + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−").replace("0.", ".") for r in table.pearson[1:]]
    expected = [text + "*" * (p < 0.05) for text, p in zip(shown, table.p[1:].tolist(), strict=True)]
    written = [text for text in texts(axis) if not text[0].isalpha()]
    assert sorted(written) == sorted(expected)
    assert sum(bool(patch.get_hatch()) for patch in axis.patches) == 1


def test_coefficients_are_averaged_over_folds_and_squares_shrink_with_the_share_of_folds():
    table = pd.DataFrame(
        [("ties", "lasso", "accuracy", fold, metric, value) for metric, values in
         {"effective_rank": (1.0, 3.0), "spectral_gap": (0.0, -2.0), "stable_rank": (0.0, 0.0)}.items()
         for fold, value in zip("ab", values, strict=True)],
        columns=["method", "predictor", "target", "fold", "feature", "coefficient"],
    )  # fmt: skip
    found = plots.mean_coefficients(table, synthetic.METRICS).set_index("feature")
    assert dict(found["mean"]) == {"effective_rank": 2, "spectral_gap": -1, "stable_rank": 0}
    assert dict(found.share) == {"effective_rank": 1, "spectral_gap": 0.5, "stable_rank": 0}
    squares = coefficients.draw(table, synthetic.METRICS).axes[0].collections[0]
    assert list(squares.get_array()) == [2, -1, 0]
    areas = [np.prod(np.ptp(path.vertices[:4], axis=0)) for path in squares.get_paths()]
    assert areas[1] == pytest.approx(areas[0] / 2) and areas[2] < areas[0] / 100


def test_features_that_are_no_metric_are_left_out_of_the_coefficients():
    table = TABLES["coefficients"].copy()
    table["feature"] = "task: " + table.feature
    with pytest.raises(MergecastError, match="none of its features is a known metric"):
        coefficients.draw(table, synthetic.METRICS)


def test_training_panels_say_where_accuracy_started_and_ended(figures):
    for row in TABLES["checkpoints"].itertuples():
        axis = panel(figures["training"], row.task)
        assert axis.get_title(loc="right") == f"{row.zero_shot_accuracy:.2f} → {row.fine_tuned_accuracy:.2f}"


def test_four_tasks_and_one_method_are_enough_for_every_figure(tmp_path):
    for name, figure in draw_all(synthetic.tables(4, ("tsv",)), synthetic.curves(4)).items():
        plots.save(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.pdf")
        assert (tmp_path / f"{name}.pdf").stat().st_size > 2000


def test_an_empty_table_or_a_missing_column_is_one_clear_line():
    with pytest.raises(MergecastError, match="table merges: has no row"):
        pairs.draw(TABLES["merges"].iloc[:0])
    with pytest.raises(MergecastError, match="table folds: has no column 'pearson'"):
        folds.draw(TABLES["folds"].drop(columns="pearson"))
    with pytest.raises(MergecastError, match="there are none to draw"):
        training.draw({}, TABLES["checkpoints"])


def test_drawing_does_not_change_the_callers_style():
    before = dict(matplotlib.rcParams)
    folds.draw(TABLES["folds"])
    assert dict(matplotlib.rcParams) == before


def test_a_predictor_undefined_for_one_method_is_never_the_best():
    table = pd.DataFrame(
        [("a", "predictor", "m", 0.9), ("a", "predictor", "n", np.nan), ("b", "predictor", "m", 0.1),
         ("b", "predictor", "n", 0.2), ("c", "baseline", "m", np.nan)],
        columns=["predictor", "kind", "method", "mean_r"],
    )  # fmt: skip
    assert plots.best_by_mean_r(table, "predictor") == "b"
    assert plots.best_by_mean_r(table, "baseline") == "c"
    assert plots.best_by_mean_r(table, "oracle") is None


def test_numbers_of_other_splits_and_targets_never_reach_the_headline_figures():
    tables = {name: TABLES[name].copy() for name in ("folds", "scores", "predictions")}
    for name, table in tables.items():
        other = table.target != "normalised_accuracy"
        other |= table.split != "loto" if "split" in table else False
        tables[name] = table[~other]
    assert texts(panel(folds.draw(TABLES["folds"]), "tsv")) == texts(panel(folds.draw(tables["folds"]), "tsv"))
    assert texts(panel(scores.draw(TABLES["scores"]), "tsv")) == texts(panel(scores.draw(tables["scores"]), "tsv"))
    with pytest.raises(MergecastError, match="table folds: has no row of target 'loss' under leave-one-task-out"):
        folds.draw(TABLES["folds"], column="loss")


@pytest.mark.parametrize(("target", "side"), [("retained_a", "task_a"), ("retained_b", "task_b")])
def test_a_directed_target_is_the_normalised_accuracy_of_that_task_alone(target, side):
    merges = TABLES["merges"]
    expected = merges[merges.task == merges[side]].set_index(["method", "task_a", "task_b"]).normalised_accuracy
    found = plots.pair_values(merges, target).set_index(["method", "task_a", "task_b"]).value
    pd.testing.assert_series_equal(found, expected, check_names=False)


def test_the_score_figure_writes_mean_r_and_p_and_draws_interval_and_null(figures):
    table = plots.headline(TABLES["scores"], "scores").set_index(["method", "predictor"])
    axis = panel(figures["scores"], "ties")
    row = table.loc["ties", "ridge"]
    assert f"{row.mean_r:.2f}".replace("-", "−") in texts(axis)
    assert f"{row.p:.3f}".replace("0.", ".", 1) in texts(axis) and "undefined" in texts(axis)
    spans = [line for group in axis.collections if hasattr(group, "get_segments") for line in group.get_segments()]
    assert any(np.allclose(line[:, 0], [row.mean_r_low, row.mean_r_high]) for line in spans)
    bars = [(patch.get_x(), patch.get_width()) for patch in axis.patches]
    assert any(np.allclose(bar, (row.null_mean - row.null_sd, 2 * row.null_sd)) for bar in bars)


def test_stability_is_coloured_by_positive_less_negative_folds_and_says_how_often_a_metric_is_used():
    table = pd.DataFrame(
        [("ridge", "m", "effective_rank", 1.0, 0.75, -0.2, 0.1, 4), ("ridge", "m", "stable_rank", 0.0, np.nan, 0.0, 0.0, 4)],
        columns=["predictor", "method", "metric", "selected", "sign_agreement", "mean", "sd", "n_folds"],
    )
    axis = stability.draw(table, synthetic.METRICS).axes[0]
    assert axis.images[0].get_array().ravel().tolist() == [-0.5, 0.0]  # one fold in four is positive, three negative
    assert texts(axis)[:2] == ["100", "0"]


def test_ablation_shows_the_change_without_and_the_score_with_only_each_category(figures):
    table = TABLES["ablation"].set_index(["kept", "category", "method"])
    left, right = figures["ablation"].axes[:2]
    methods = [label.get_text() for label in left.get_xticklabels()]
    categories = list(study.CATEGORIES)
    for i, j in ((0, 0), (3, 2)):
        key = (categories[i], methods[j])
        assert left.images[0].get_array()[i, j] == pytest.approx(table.loc[("without", *key), "difference"])
        assert right.images[0].get_array()[i + 1, j] == pytest.approx(table.loc[("only", *key), "mean_r"])
    assert right.images[0].get_array()[0, 1] == pytest.approx(table.loc[("all", "all", methods[1]), "mean_r"])


def test_method_agreement_is_read_whichever_way_a_pair_is_written():
    row = {"predictor": "ridge", "sign_agreement": 0.25, "top5_overlap": 0.4}
    both = [pd.DataFrame([row | {"method_a": a, "method_b": b}]) for a, b in (("x", "y"), ("y", "x"))]
    assert [float(agreement.draw(one).axes[0].images[0].get_array()[0, 0]) for one in both] == [0.25, 0.25]


def test_the_best_of_each_kind_is_drawn_for_subsets():
    ranking = pd.DataFrame(
        [("a", "predictor", 0.9), ("b", "predictor", 0.2), ("c", "baseline", np.nan), ("m", "measured", 0.8)],
        columns=["predictor", "kind", "spearman"],
    )
    assert subsets.best(ranking) == {"a": "predictor", "m": "measured"}


def test_transfer_averages_over_methods_and_leaves_undefined_cells_hatched():
    rows = [("ridge", m, a, b, "accuracy", r, 0.1, r, 0.1, 4, 0, 3, 4)
            for m, r in (("x", 0.2), ("y", 0.4)) for a, b in (("s", "s"), ("s", "t"), ("t", "t"))]  # fmt: skip
    axis = transfer.draw(pd.DataFrame(rows, columns=ACROSS["transfer"].columns)).axes[0]
    grid = axis.images[0].get_array()
    assert grid[0, 1] == pytest.approx(0.3) and grid.mask[1, 0] and sum(bool(p.get_hatch()) for p in axis.patches) == 1


def test_fine_tuning_curves_stand_alone_where_zero_shot_accuracies_are_not_known():
    figure = training.draw(CURVES, TABLES["checkpoints"][["task", "fine_tuned_accuracy"]])
    assert panel(figure, "shapes").get_title(loc="right") == ""


def test_ablation_of_one_category_says_that_there_is_nothing_to_leave_out():
    figure = ablation.draw(TABLES["ablation"].query("kept == 'all'"))
    assert texts(figure.axes[0]) == ["one category only:\nnothing to leave out"]
    assert figure.axes[1].images[0].get_array().shape == (1, len(synthetic.METHODS))


@pytest.mark.parametrize("lost", ["spearman", "both"])
def test_subsets_without_any_spearman_are_drawn_by_their_measured_pairs(lost):
    ranking, scored = TABLES["subset_ranking"].assign(spearman=np.nan, n_subsets=1), TABLES["subset_scores"].copy()
    if lost == "both":
        scored["score"] = np.nan
    figure = subsets.draw(scored[scored.subset == 0], ranking)
    assert texts(figure.axes[0])[0].startswith("ρ undefined")
    assert any("measured pairs" in " ".join(text.get_text().split()) for text in figure.texts)


def test_agreement_without_a_common_metric_is_drawn_as_undefined():
    table = TABLES["method_agreement"].assign(sign_agreement=np.nan, top5_overlap=np.nan, coefficient_r=np.nan)
    assert any("no two methods use" in " ".join(text.get_text().split()) for text in agreement.draw(table).texts)


def test_pairs_that_were_not_measured_are_counted():
    merges = TABLES["merges"]
    few = merges[~((merges.task_a == "shapes") & merges.task_b.isin(["lines", "textures"]))]
    noted = " ".join(" ".join(text.get_text().split()) for text in pairs.draw(few).texts)
    assert "8 tasks, 26 pairs a method" in noted and "2 pairs not measured (hatched)" in noted


def test_a_directed_heatmap_does_not_speak_of_a_mean_of_two_tasks():
    for column, label in (("retained_a", "normalised accuracy kept by the first task"),
                          ("normalised_accuracy", "normalised accuracy, mean of the two tasks")):  # fmt: skip
        figure = pairs.draw(TABLES["merges"], column=column)
        assert figure.axes[-1].get_ylabel() == label


@pytest.mark.parametrize("count", [1, 4, 6])
def test_every_interval_level_is_drawn(count):
    table, levels = TABLES["coverage"], [0.5, 0.6, 0.7, 0.8, 0.9, 0.95][:count]
    one = table[table.level == table.level.iloc[0]]
    figure = coverage.draw(pd.concat([one.assign(level=level) for level in levels]))
    assert [text.get_text()[:3] for text in figure.legends[0].get_texts()] == [f"{level:.0%}" for level in levels]


def test_transfer_without_two_settings_alike_says_so():
    table = ACROSS["transfer"].query("train_setting == test_setting")
    assert any("no two settings share" in " ".join(text.get_text().split()) for text in transfer.draw(table).texts)
