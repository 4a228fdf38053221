"""The analyses on the published tables (ViT-B-16, AdamW), against what the study of the reference found in them."""

from functools import partial

import pandas as pd
import pytest
from scipy import stats

from mergecast import metrics as catalogue
from mergecast import tables
from mergecast.analysis.ablation import table as ablation
from mergecast.analysis.calibration import table as calibration
from mergecast.analysis.greedy import table as greedy
from mergecast.analysis.selection import table as selection
from mergecast.analysis.subsets import table as subsets
from mergecast.prediction import design

SETTING = "ViT-B-16_AdamW"
METHODS = ("weight_avg", "arithmetic", "tsv", "ties", "dare")
PAIR = ["task_a", "task_b"]


@pytest.fixture(scope="module")
def read(shared):
    """A published table of this setting, by the start of its name."""
    folder = shared / "published"
    if not folder.is_dir():
        pytest.skip(f"no published tables at {folder}")
    return lambda name: tables.read(folder / f"{name}_{SETTING}.csv")


def sides(rows):
    """Merges with one row a task, in our columns."""
    return pd.concat(
        rows[[*PAIR, "method"]].assign(
            task=rows[f"task_{side}"], accuracy=rows[f"acc_{side}"], normalised_accuracy=rows[f"norm_acc_{side}"]
        )
        for side in "ab"
    )


def complete(rows, methods):
    """The rows of these methods, of pairs that all of them merged."""
    rows = rows[rows.method.isin(methods) & rows.acc_avg.notna()]
    return rows[rows.groupby(PAIR).method.transform("size") == len(methods)]


def loto(rows, predictor, kind, target):
    """Leave-one-task-out predictions from columns measured and predicted: every row in the fold of each of its tasks."""
    folds = pd.concat(rows.assign(fold=rows[side]) for side in PAIR)
    return folds.assign(predictor=predictor, kind=kind, target=target)


@pytest.fixture(scope="module")
def complete_design(read):
    """The 185 complete pairs with 28 metrics, target accuracy."""
    metrics, merges = read("metrics").dropna().drop(columns="right_subspace_overlap"), complete(read("merges"), METHODS)
    pairs = pd.MultiIndex.from_frame(metrics[PAIR]).intersection(pd.MultiIndex.from_frame(merges[PAIR].drop_duplicates()))
    kept = (table[pd.MultiIndex.from_frame(table[PAIR]).isin(pairs)] for table in (metrics, merges))
    metrics, merges = kept
    built = design.build(
        "metrics", METHODS, "accuracy", tasks=list(read("finetune").task), merges=sides(merges), metrics=metrics
    )  # fmt: skip
    assert built.X.shape == (185, 28)
    return built


def test_always_tsv_is_next_to_the_oracle(read):
    """Best in 171 of the 182 pairs that all six methods merged; 0.9820 against 0.9825."""
    rows = complete(read("merges"), (*METHODS, "isotropic")).query("method != 'isotropic'")
    assert len(rows) == 5 * 182
    rows = rows.assign(measured=rows.norm_acc_avg, predicted=(rows.method == "tsv").astype(float))
    (found,) = selection.selection(loto(rows, "train_mean", "baseline", "normalised_accuracy")).itertuples(index=False)
    assert found.n == 2 * 182 and found.hits == pytest.approx(171 / 182)
    assert found.value_chosen == pytest.approx(0.9820, abs=5e-5) and found.value_oracle == pytest.approx(0.9825, abs=5e-5)
    assert found.value_fixed == found.value_chosen  # tsv is the best on average in every fold


def test_single_task_accuracy_alone_ranks_merges_of_five_by_raw_accuracy(read):
    rows, single = complete(read("merges"), METHODS), read("finetune").set_index("task").acc_accs_json
    predicted = (rows.task_a.map(single) + rows.task_b.map(single)) / 2
    merged = [
        (row.method, row.subset_id, row.tasks, task, getattr(row, f"acc_{i}"))
        for row in read("subsets5").itertuples() for i, task in enumerate(row.tasks.split("|"))
    ]  # fmt: skip
    ranks, _ = subsets.ranking(
        loto(rows.assign(measured=rows.acc_avg, predicted=predicted), "single_task", "baseline", "accuracy"),
        pd.DataFrame(merged, columns=["method", "subset", "tasks", "task", "accuracy"]),
        sides(rows),
        "accuracy",
        n_bootstrap=100,
    )
    found = ranks[ranks.predictor == "single_task"].set_index("method")
    wanted = {"tsv": 0.803, "ties": 0.355, "weight_avg": 0.410, "arithmetic": 0.444, "dare": 0.409}
    assert found.spearman.to_dict() == pytest.approx(wanted, abs=0.02)  # two pairs of 190 were never merged by tsv
    assert set(found.n_subsets) == {200} and set(found.n_pairs_missing) == {2}
    assert (ranks[ranks.kind == "measured"].spearman > found.spearman.to_numpy()).all()


def test_without_the_subspace_metrics_the_published_predictor_loses_what_was_published(complete_design):
    """The one published ablation of this setting that did leave out its whole category: 0.499 from 0.544."""
    category = {name: metric.category for name, metric in catalogue.catalogue().items()}
    table = ablation.ablation(complete_design, "l1_pearson", category, setting=SETTING)
    mean = table.groupby(["category", "kept"]).mean_r.mean()
    assert mean["all", "all"] == pytest.approx(0.544, abs=0.03)
    assert mean["subspace", "without"] == pytest.approx(0.499, abs=0.03)
    assert set(table[(table.category == "subspace") & (table.kept == "without")].n_metrics) == {22}


def test_exact_elimination_does_better_than_the_published_one_with_its_random_restarts(complete_design):
    table, _ = greedy.greedy(complete_design)
    mean = table.groupby("direction").mean_r.mean()
    assert mean["reverse"] > 0.459 and mean["forward"] > 0.459
    assert (table.n_undefined == 0).all()


def test_calibration_sizes_are_those_of_the_published_table(read):
    sizes, merges = read("calibration").rename(columns={"n_calib": "n_images"}), complete(read("merges"), METHODS)
    table = calibration.calibration(sizes, sides(merges), "normalised_accuracy")
    assert len(table) == 5 * 10 * 5 and list(table.n_images.unique()) == [2, 5, 30, 100, 200]
    pick = partial(pd.merge, merges[merges.method == "tsv"], on=PAIR)
    few, many = (pick(sizes[sizes.n_images == n]) for n in (2, 200))
    row = table.query("n_images == 2 and metric == 'activation_dot_product' and method == 'tsv'").iloc[0]
    assert row["mean"] == pytest.approx(few.activation_dot_product.mean())
    wanted = stats.spearmanr(few.activation_dot_product, many.activation_dot_product).statistic
    assert row.spearman_with_largest == pytest.approx(wanted)
    wanted = stats.spearmanr(few.activation_dot_product, few.norm_acc_avg).statistic
    assert row.spearman_with_target == pytest.approx(wanted)
