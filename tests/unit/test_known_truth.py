"""The forecast on grids whose truth is known: chosen metrics + an effect of each task + noise."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mergecast.prediction import design, folds, scores
from mergecast.prediction import tables as forecast

CHOSEN = {"metric01": 1.0, "metric03": -0.6}
SPARSE = ("lasso", "elastic_net")
LINEAR = ("mse", "ridge", *SPARSE, "pearson")


def grid(n_tasks=12, n_metrics=10, *, signal=1.0, effect=0.5, noise=0.3, methods=1, seed=0):
    """A design: y = signal · Σ weight · metric + both tasks' effects + noise, each part in units of one s.d.

    As real metrics are, the made ones are partly of the pair and partly of its tasks.
    """
    random = np.random.default_rng(seed)
    tasks = tuple(f"task{i:02d}" for i in range(n_tasks))
    places = list(combinations(range(n_tasks), 2))
    a, b = (np.array(side) for side in zip(*places, strict=True))
    own = random.standard_normal((n_tasks, n_metrics))
    X = random.standard_normal((len(places), n_metrics)) + 0.5 * (own[a] + own[b])
    names = tuple(f"metric{i:02d}" for i in range(n_metrics))
    truth = sum(weight * X[:, names.index(name)] for name, weight in CHOSEN.items())
    tasks_effect = random.standard_normal((n_tasks, methods))
    Y = signal * truth[:, None] + effect * (tasks_effect[a] + tasks_effect[b])
    Y = 0.8 + 0.05 * (Y + noise * random.standard_normal((len(places), methods)))
    pairs = tuple((tasks[i], tasks[j]) for i, j in places)
    return design.Design(tasks, pairs, names, tuple(f"method{m}" for m in range(methods)), X, Y)


def table_of(built, predictor, **keys):
    """Scores of a predictor under leave-one-task-out."""
    found = folds.run(built, folds.FoldSpec(predictor, "accuracy", **keys))
    results = [fold for method in built.methods for fold in found.folds[method]]
    drawn = forecast.bootstraps(results, built.tasks, draws=50)
    return forecast.score_table(results, found.nulls, drawn), results


@pytest.mark.parametrize("predictor", LINEAR)
def test_the_predictors_find_the_metrics_that_the_target_was_made_of(predictor):
    for fold in table_of(grid(n_tasks=14, effect=0.2), predictor)[1]:
        strongest = sorted(fold["coefficients"], key=lambda name: -abs(fold["coefficients"][name]))[:2]
        assert set(strongest) == set(CHOSEN)
        assert fold["coefficients"]["metric01"] > 0 > fold["coefficients"]["metric03"]


@pytest.mark.parametrize("predictor", ["l1_pearson", *LINEAR, "kernel_ridge", "gaussian_process"])
def test_a_real_signal_beats_its_null_and_the_baselines(predictor):
    built = grid(n_tasks=12, effect=0.2)
    row = table_of(built, predictor, draws=9)[0].iloc[0]
    assert row.mean_r > 0.75 and row.mean_r > row.null_mean_r + 3 * row.null_mean_r_sd and abs(row.null_mean_r) < 0.3
    assert row.q2 > 0.5 > row.null_q2 + 3 * row.null_q2_sd and row.centred_r > 0.75
    indicators = np.array([[float(task in pair) for task in built.tasks] for pair in built.pairs])
    effects = table_of(replace(built, X=indicators, features=built.tasks), "task_effects")[0].iloc[0]
    assert row.mean_r > effects.mean_r + 0.2


def test_task_effects_alone_are_found_by_the_indicators_and_by_no_metric():
    built = grid(signal=0, effect=1, noise=0.1, seed=3)
    indicators = np.array([[float(task in pair) for task in built.tasks] for pair in built.pairs])
    effects = table_of(replace(built, X=indicators, features=built.tasks), "task_effects")[0].iloc[0]
    assert effects.mean_r > 0.9
    assert table_of(built, "ridge")[0].iloc[0].mean_r < effects.mean_r - 0.3


@pytest.mark.parametrize("predictor", ["ridge", "l1_pearson"])
def test_p_values_are_uniform_where_there_is_no_signal(predictor):
    """200 targets of task effects and noise alone, ten on each of 20 sets of metrics: p is flat, so 5 % are below 0.05."""
    tables = [
        table_of(grid(n_tasks=7, n_metrics=5, signal=0, methods=10, seed=seed), predictor, draws=199, seed=seed)[0]
        for seed in range(20)
    ]
    for name in scores.WITH_NULL:
        found = pd.concat(tables)[f"p_{name}"].to_numpy()
        assert len(found) == 200 and not np.isnan(found).any()
        # p is a multiple of 1/200: spread evenly within its step before it is held against the continuous distribution.
        spread = found - np.random.default_rng(0).uniform(0, 1 / 200, 200)
        assert stats.kstest(spread, "uniform").pvalue > 0.01, name
        assert 0.01 <= np.mean(found <= 0.05) <= 0.10, name


@pytest.mark.parametrize("split", ["loto", "disjoint"])
def test_intervals_cover_as_often_as_they_say(split):
    """Over 10 grids of 20 tasks, measured coverage of the 80 % and 90 % intervals is within 3 points of nominal."""
    parts = []
    for seed in range(10):
        built = grid(n_tasks=20, n_metrics=6, effect=0.3, noise=1.0, methods=4, seed=seed)
        options = {"halves": 20} if split == "disjoint" else {}
        found = folds.run(built, folds.FoldSpec("ridge", "accuracy", split, options=options, levels=(0.8, 0.9), seed=seed))
        parts.append(forecast.coverage([fold for method in built.methods for fold in found.folds[method]]))
    table = pd.concat(parts)
    for level, rows in table.groupby("level"):
        assert np.average(rows.coverage, weights=rows.n) == pytest.approx(level, abs=0.03)
    assert (table.n_unbounded == 0).all()


def test_a_leak_would_show_on_a_grid_without_signal(monkeypatch):
    """What a forecast that saw its held-out pairs looks like: it beats a target that nothing can forecast."""
    from mergecast.prediction import splits

    built = grid(n_tasks=8, n_metrics=30, signal=0, effect=0, noise=1, seed=5)
    honest = scores.summarise(table_of(built, "mse")[1])["mean_r"]
    whole = splits.find("loto")
    everything = np.arange(len(built.pairs))
    monkeypatch.setitem(
        splits.SPLITS,
        "loto",
        lambda pairs, tasks: (splits.Fold(f.name, everything, f.validation, 1) for f in whole(pairs, tasks)),
    )
    assert honest < 0.4 < 0.95 < scores.summarise(table_of(built, "mse")[1])["mean_r"]
