"""Made-up results with the layout of the real tables, so that figures and the page can be tested without a run.

Every task has a hidden position; pairs that lie close merge well, and the metrics see that distance through noise. The
forecasts are honest leave-one-task-out fits on these numbers, so good and bad predictors both occur.
"""

import base64
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

import synthetic_analyses as analyses
import synthetic_explorer as explorer
from study import METHODS, METRICS

TASKS = ("shapes", "colours", "backgrounds", "positions", "counts", "textures", "letters", "lines", "signs", "digits",
         "cells", "fills", "waves", "glyphs", "rotations", "scales", "faces", "flowers", "foods", "planes")  # fmt: skip
PREDICTORS = {"l1_pearson": "predictor", "ridge": "predictor", "lasso": "predictor",
              "single_task": "baseline", "task_effects": "baseline", "train_mean": "baseline"}  # fmt: skip
MANY = dict.fromkeys(("l1_pearson", "pearson", "mse", "ridge", "lasso", "elastic_net", "kernel_ridge", "gaussian_process",
                      "gradient_boosting", "extra_trees", "mlp"), "predictor")  # fmt: skip
MANY |= dict.fromkeys(("single_task", "task_effects", "train_mean", "best_metric"), "baseline")
OF_DESIGN = ("merges", "metrics", "checkpoints", "traits", "pair_traits", "library")  # what a design is built of
SPARSE = ("l1_pearson", "lasso", "elastic_net")
WITHOUT_COEFFICIENTS = ("kernel_ridge", "gaussian_process", "gradient_boosting", "extra_trees", "mlp")
STRENGTH = {"l1_pearson": 5.0, "pearson": 0.5, "mse": 1e-6, "ridge": 20.0, "lasso": 8.0, "elastic_net": 12.0,
            "kernel_ridge": 40.0, "gaussian_process": 30.0, "gradient_boosting": 3.0, "extra_trees": 60.0, "mlp": 2.0,
            "task_effects": 1.0}  # fmt: skip


def tables(tasks=8, methods=METHODS, seed=0, predictors=PREDICTORS) -> dict[str, pd.DataFrame]:
    """Every table of a setting, by name. `tasks` is a number of tasks or their names; `predictors`: their kinds."""
    names = list(TASKS[:tasks] if isinstance(tasks, int) else tasks)
    random = np.random.default_rng(seed)
    place = random.normal(size=(len(names), 2))
    pairs = list(combinations(range(len(names)), 2))
    distance = np.array([np.linalg.norm(place[a] - place[b]) for a, b in pairs])
    made = {"checkpoints": _checkpoints(names, random)}
    made["metrics"] = _metrics(names, pairs, distance, random)
    made["merges"] = _merges(names, pairs, distance, methods, made["checkpoints"], random)
    made |= _forecast(names, pairs, methods, made, predictors)
    made |= _traits(names, made["merges"], methods[0], np.random.default_rng(seed + 4))
    made["correct"] = _correct(made["checkpoints"], made["merges"], np.random.default_rng(seed + 3))
    made |= explorer.tables(made, np.random.default_rng(seed + 5))
    return made | analyses.tables(made, METRICS, predictors, np.random.default_rng(seed + 2))


def of_tables(tasks=8, methods=("merger_one", "merger_two"), seed=0) -> dict[str, pd.DataFrame]:
    """The tables of a setting that its user brought: no models, so no losses, no zero-shot, no k-way merges."""
    made = tables(tasks, methods, seed)
    made["checkpoints"] = made["checkpoints"][["task", "fine_tuned_accuracy"]]
    made["merges"] = made["merges"].drop(columns=["loss", "n_images"])
    for name in ("calibration", "calibration_metrics", "correct", "noise", "subsets", "subset_ranking", "subset_scores",
                 "traits", "pair_traits", "library", "frontier", "unit_costs", "split_half", "planner", "planner_groups",
                 "neighbours", "plan"):  # fmt: skip
        del made[name]
    made["dropped"] = pd.DataFrame(
        [("pair", "shapes__faces", "no row of method merger_two"), ("metric", "norm_gap", "constant over all pairs")],
        columns=["what", "name", "reason"],
    )
    return made


def across(settings=("tiny_AdamW", "tiny_SGD"), methods=METHODS, seed=0) -> dict[str, pd.DataFrame]:
    """The tables over several settings, by name."""
    return analyses.across(settings, methods, np.random.default_rng(seed))


def curves(tasks=8, steps=150, seed=0) -> dict[str, pd.DataFrame]:
    """A loss curve a task, with a validation accuracy every 25 steps."""
    random, found = np.random.default_rng(seed + 1), {}
    for task in TASKS[:tasks] if isinstance(tasks, int) else tasks:
        step = np.arange(1, steps + 1)
        speed, floor = random.uniform(15, 60), random.uniform(0.05, 0.6)
        loss = floor + 1.8 * np.exp(-step / speed) * np.exp(random.normal(0, 0.12, steps))
        accuracy = np.where(step % 25 == 0, 1 - 0.25 * floor - 0.5 * np.exp(-step / speed), np.nan)
        rate = 1e-3 * 0.5 * (1 + np.cos(np.pi * step / steps))
        found[task] = pd.DataFrame({"step": step, "learning_rate": rate, "train_loss": loss,
                                    "train_accuracy": np.exp(-loss), "validation_accuracy": accuracy})  # fmt: skip
    return found


def write(folder, tasks=8, methods=METHODS, seed=0) -> Path:
    """The same as files: `folder`/tables/*.csv and `folder`/curves/*.csv."""
    folder = Path(folder)
    for part, found in (("tables", tables(tasks, methods, seed)), ("curves", curves(tasks, seed=seed))):
        (folder / part).mkdir(parents=True)
        for name, table in found.items():
            table.to_csv(folder / part / f"{name}.csv", index=False)
    return folder


def _checkpoints(names, random):
    n = len(names)
    zero, fine, classes = random.uniform(0.15, 0.7, n), random.uniform(0.82, 0.98, n), random.integers(4, 40, n)
    return pd.DataFrame({
        "task": names, "zero_shot_accuracy": zero, "fine_tuned_accuracy": fine, "zero_shot_loss": 2 * (1 - zero),
        "fine_tuned_loss": 2 * (1 - fine), "chance_accuracy": 1 / classes, "n_classes": classes, "n_test_images": 500,
        "task_vector_norm": random.uniform(1, 3, n), "relative_norm": random.uniform(0.02, 0.08, n),
        "source": "procedural", "checkpoint_sha256": [f"{i:064x}" for i in range(1, n + 1)]})  # fmt: skip


def _metrics(names, pairs, distance, random):
    table = pd.DataFrame([(names[a], names[b]) for a, b in pairs], columns=["task_a", "task_b"])
    for i, metric in enumerate(METRICS):
        sight = random.uniform(-1, 1)
        table[metric] = 10 ** ((i % 5) - 3.0) * (sight * distance + random.normal(0, 1.5, len(pairs)))
    return table


def _merges(names, pairs, distance, methods, checkpoints, random):
    fine, rows = dict(zip(names, checkpoints.fine_tuned_accuracy, strict=True)), []
    for m, method in enumerate(methods):
        for (a, b), far in zip(pairs, distance, strict=True):
            for t in (a, b):
                normalised = np.clip(0.97 - 0.04 * (m % 4) - 0.11 * far + random.normal(0, 0.04), 0.05, 1.05)
                accuracy = min(1.0, normalised * fine[names[t]])
                rows.append((names[a], names[b], method, names[t], accuracy, accuracy / fine[names[t]],
                             2 * (1 - accuracy), 500))  # fmt: skip
    return pd.DataFrame(rows, columns=["task_a", "task_b", "method", "task", "accuracy", "normalised_accuracy",
                                       "loss", "n_images"])  # fmt: skip


def _correct(checkpoints, merges, random):
    """Of 64 test images per task, as many right as the accuracy says."""

    def right(accuracy):
        flags = random.permutation(64) < round(64 * accuracy)
        return base64.b64encode(np.packbits(flags).tobytes()).decode()

    rows = [("fine_tuned", None, None, row.task, 64, right(row.fine_tuned_accuracy)) for row in checkpoints.itertuples()]
    rows += [(row.method, row.task_a, row.task_b, row.task, 64, right(row.accuracy)) for row in merges.itertuples()]
    return pd.DataFrame(rows, columns=["method", "task_a", "task_b", "task", "n_images", "right"])


def _traits(names, merges, method, random):
    """Covariates: what a task keeps and does to others in the mean, and what is left of each pair, through noise."""
    rows = merges[merges.method == method]
    kept = rows.groupby("task").normalised_accuracy.mean()
    other = rows.assign(other=np.where(rows.task == rows.task_a, rows.task_b, rows.task_a))
    value = other.set_index(["task", "other"]).normalised_accuracy
    harms = other.groupby("other").normalised_accuracy.mean()

    def seen(values, spread=0.02):
        return np.asarray(values) + random.normal(0, spread, len(values))

    ordered = [(a, b) for a in names for b in names if a != b]
    traits = pd.DataFrame({"task": names} | {f"scaling_{share}": seen(kept[names]) for share in ("0.0", "0.3", "0.5")}
                          | {"length_whole": random.normal(size=len(names))})  # fmt: skip
    pairs = pd.DataFrame(ordered, columns=["kept", "other"])
    of_pairs = {f"additive_{name}": seen(value.loc[ordered]) for name in ("ratio", "log_ratio")}
    library = {"harm_log_ratio": seen([harms[b] for _, b in ordered])}
    return {"traits": traits, "pair_traits": pairs.assign(**of_pairs), "library": pairs.assign(**library)}


def _forecast(names, pairs, methods, made, predictors):
    x = made["metrics"][list(METRICS)].to_numpy()
    x = (x - x.mean(0)) / x.std(0)
    fine = made["checkpoints"].fine_tuned_accuracy.to_numpy()
    single = np.array([[(fine[a] + fine[b]) / 2] for a, b in pairs])
    effect = np.array([[float(t in pair) for t in range(len(names))] for pair in pairs])
    value = made["merges"].groupby(["method", "task_a", "task_b"], sort=False).normalised_accuracy.mean()
    target, predictions, folds, coefficients, correlations = "normalised_accuracy", [], [], [], []
    for method in methods:
        y = value[method].to_numpy()
        for j, metric in enumerate(METRICS):
            r = np.corrcoef(x[:, j], y)[0, 1]
            correlations.append(
                (method, metric, r, _spearman(x[:, j], y), max(1 / 201, float(np.exp(-12 * r * r))), len(pairs))
            )
        for (predictor, kind), (held, task) in ((p, t) for p in predictors.items() for t in enumerate(names)):
            test = np.array([held in pair for pair in pairs])
            design = {"single_task": single, "task_effects": effect, "train_mean": effect[:, :0],
                      "best_metric": x[:, :1]}.get(predictor, x)  # fmt: skip
            w = _ridge(design[~test], y[~test], STRENGTH.get(predictor, 0.0))
            if predictor in SPARSE:
                w[np.abs(w) < np.quantile(np.abs(w), 0.6)] = 0
            guess = y[~test].mean() + (design[test] - design[~test].mean(0)) @ w
            guess = np.full(test.sum(), y[~test].mean()) if predictor == "train_mean" else guess
            for k, p in zip(np.flatnonzero(test), guess, strict=True):
                predictions.append((method, predictor, kind, "loto", target, task, *(names[t] for t in pairs[k]), y[k], p,
                                    y[~test].mean()))  # fmt: skip
            defined = np.ptp(guess) > 1e-12
            folds.append((method, predictor, kind, "loto", target, task, int((~test).sum()), int(test.sum()), y[~test].mean(),
                          np.corrcoef(guess, y[test])[0, 1] if defined else np.nan,
                          _spearman(guess, y[test]) if defined else np.nan, np.abs(guess - y[test]).mean(),
                          None if defined else "constant predictions"))  # fmt: skip
            if kind == "predictor" and predictor not in WITHOUT_COEFFICIENTS:
                coefficients += [(method, predictor, target, task, m, c) for m, c in zip(METRICS, w, strict=True)]
    columns = ["method", "predictor", "kind", "split", "target", "fold", "task_a", "task_b", "measured", "predicted",
               "train_mean"]  # fmt: skip
    predictions = pd.DataFrame(predictions, columns=columns)
    return {
        "predictions": pd.concat([predictions, _two_out(predictions)], ignore_index=True),
        "folds": pd.DataFrame(folds, columns=["method", "predictor", "kind", "split", "target", "fold", "n_train_pairs",
                                              "n_validation_pairs", "train_mean", "pearson", "spearman", "mae",
                                              "undefined"]),
        "coefficients": pd.DataFrame(coefficients, columns=["method", "predictor", "target", "fold", "feature",
                                                            "coefficient"]),
        "correlations": pd.DataFrame(correlations, columns=["method", "metric", "pearson", "spearman", "p", "n_pairs"]),
    }  # fmt: skip


def _two_out(loto):
    """Forecasts with both tasks unseen: the two that know one of them, drawn to the mean of the pairs with neither."""
    pair, parts = ["task_a", "task_b"], []
    for _, mine in loto.groupby(["method", "predictor"], sort=False):
        rows = mine.groupby(["method", "predictor", "kind", "target", *pair], sort=False)[["measured", "predicted"]].mean()
        rows = rows.reset_index()
        sides = rows[pair].to_numpy()
        apart = [~np.isin(sides, both).any(axis=1) for both in sides]
        rows["train_mean"] = [rows.measured[others].mean() for others in apart]
        drawn = rows.train_mean + 0.7 * (rows.predicted - rows.predicted.mean())
        rows["predicted"] = rows.train_mean if rows.predictor.iloc[0] == "train_mean" else drawn
        parts.append(rows.assign(split="l2to", fold=rows.task_a + "__" + rows.task_b))
    return pd.concat(parts, ignore_index=True)[loto.columns]


def _ridge(x, y, strength):
    x, y = x - x.mean(0), y - y.mean()
    return np.linalg.pinv(x.T @ x + strength * np.eye(x.shape[1])) @ x.T @ y


def _spearman(x, y):
    return np.corrcoef(pd.Series(x).rank(), pd.Series(y).rank())[0, 1]
