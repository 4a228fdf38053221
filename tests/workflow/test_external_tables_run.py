"""A study from tables alone: two settings in one folder, no model, every score, analysis, figure and the page."""

import json
import zipfile

import pandas
import pytest

import grid as small
import synthetic
from mergecast import prediction
from mergecast.prediction import design

TASKS, METRICS = 8, ["subspace_overlap", "activation_l2_distance", "task_vector_cosine_similarity", "stable_rank"]
CONFIG = {
    "published": "study",
    "seed": 0,
    "tasks": "all",
    "metrics": METRICS,
    "methods": "all",
    "predictors": ["ridge", "lasso", "mlp"],
    "targets": ["normalised_accuracy", "accuracy", "retained"],
    "splits": {
        "loto": {"permutations": 8, "costly": 3},
        "l2to": {"permutations": 4, "costly": 1},
        "disjoint": {"halves": 3, "permutations": 4, "costly": 1},
    },
    "bootstrap": 40,
}
SCORES = [
    "predictor",
    "method",
    "split",
    "target",
    "q2",
    "centred_r",
    "mae",
    "mean_r",
    "sd_r",
    "spearman",
    "null_q2",
    "null_q2_sd",
    "p_q2",
    "p_max_q2",
    "n_folds",
]
SETTINGS = ("one", "two")


@pytest.fixture(scope="module")
def study(root, tmp_path_factory):
    """A finished run on tables of two settings; a third lacks its single models, and a pair of the first is incomplete."""
    grid = small.Grid.new(root, tmp_path_factory.mktemp("tables") / "grid", CONFIG)
    folder = grid.folder / "study"
    folder.mkdir()
    for seed, name in enumerate((*SETTINGS, "three")):
        made = synthetic.tables(TASKS, ("tsv", "ties"), seed)
        metrics = made["metrics"]
        if name == "one":
            metrics.loc[3, "stable_rank"] = None
        metrics.to_csv(folder / f"metrics_{name}.csv", index=False)
        made["merges"].to_csv(folder / f"merges_{name}.csv", index=False)
        if name != "three":
            made["checkpoints"][["task", "fine_tuned_accuracy"]].to_csv(folder / f"finetune_{name}.csv", index=False)
    grid.log = grid.run().stderr
    return grid


def table(grid, setting, name):
    return pandas.read_csv(grid.results / setting / "tables" / f"{name}.csv", dtype={"fold": str})


def test_every_predictor_method_and_split_has_its_scores_and_its_null(study):
    for setting in SETTINGS:
        scores = table(study, setting, "scores")
        assert set(SCORES) <= set(scores.columns)
        baselines = {name for name, kind in prediction.kinds().items() if kind == "baseline"}
        names = {"ridge", "lasso", "mlp", *(name for name in baselines if prediction.inputs(name) not in design.OF_CHECKPOINTS)}
        found = {(row.predictor, row.method, row.split, row.target) for row in scores.itertuples()}
        headline = {(p, m, s, CONFIG["targets"][0]) for p in names for m in ("tsv", "ties") for s in CONFIG["splits"]}
        others = {(p, m, "loto", target) for p in names for m in ("tsv", "ties") for target in CONFIG["targets"][1:]}
        assert found == headline | others
        ridge = scores[scores.predictor == "ridge"]
        assert (ridge.n_permutations == ridge.split.map({"loto": 8, "l2to": 4, "disjoint": 4})).all()
        assert ridge.p_q2.isna().all() and ridge.null_q2.notna().all(), "eight draws are too few for a p"
        assert (scores[scores.predictor == "lasso"].n_permutations == 3).sum() == 2 * 3
        assert scores[(scores.split == "l2to")].mean_r.isna().all(), "a fold of one pair has no correlation"


def test_what_is_left_out_is_listed_and_told(study):
    dropped = table(study, "one", "dropped")
    pair = pandas.read_csv(study.folder / "study/metrics_one.csv").iloc[3]
    assert f"{pair.task_a}__{pair.task_b}" in set(dropped[dropped.what == "pair"].name)
    assert len(table(study, "one", "metrics")) == TASKS * (TASKS - 1) / 2 - 1
    assert "three: is left out; study lacks finetune_three.csv" in study.log


def test_a_predictors_folds_are_one_file_in_which_each_is_found_by_split_method_task_and_target(study):
    tasks = sorted(table(study, "one", "checkpoints").task)
    forecast = json.loads((study.results / "one/folds/ridge.json").read_text())
    assert set(forecast["inputs"]) == {f"results/one/tables/{name}.csv" for name in ("merges", "metrics")}
    folds = pandas.DataFrame(forecast["folds"]).query("predictor == 'ridge' and method == 'ties'")
    assert not folds.duplicated(["split", "fold", "target"]).any()
    loto = folds[folds.split == "loto"]
    assert list(zip(loto.fold, loto.target, strict=True)) == [(task, target) for task in tasks for target in CONFIG["targets"]]
    held_out = loto[loto.fold == tasks[0]].predictions.iloc[0]
    assert held_out and all(tasks[0] in (pair["task_a"], pair["task_b"]) for pair in held_out)
    assert list(folds[folds.split == "disjoint"].fold) == ["00", "01", "02"]


def test_settings_are_compared_and_the_page_shows_it_all(study):
    transfer = pandas.read_csv(study.results / "across/tables/transfer.csv")
    assert set(zip(transfer.train_setting, transfer.test_setting, strict=True)) == {(a, b) for a in SETTINGS for b in SETTINGS}
    diagonal = transfer[(transfer.train_setting == "two") & (transfer.test_setting == "two")].set_index("method").mean_r
    scores = table(study, "two", "scores").query("predictor == 'ridge' and split == 'loto' and target == 'normalised_accuracy'")
    pandas.testing.assert_series_equal(diagonal, scores.set_index("method").mean_r, check_names=False, rtol=1e-9)
    assert (study.results / "across/tables/setting_agreement.csv").is_file()
    page = (study.results / "report.html").read_text()
    assert all(f">{setting}<" in page for setting in SETTINGS)
    assert not list(study.results.glob("*/checkpoints")), "no model was made"
    assert study.planned().nothing


def test_snakemakes_own_report_takes_the_tables_over_settings_in(study):
    study.run("--report", "snakemake-report.zip")
    with zipfile.ZipFile(study.folder / "snakemake-report.zip") as report:
        held = {name.rpartition("/")[2] for name in report.namelist()}
    assert {"transfer.csv", "setting_agreement.csv", "transfer.svg", "dropped.csv", "report.html"} <= held
