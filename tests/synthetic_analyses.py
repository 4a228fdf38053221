"""Made-up analyses on top of `synthetic`: the layout of the real tables, numbers that hang together, nothing refitted."""

from itertools import combinations

import numpy as np
import pandas as pd

HEADLINE, FURTHER = "normalised_accuracy", ("accuracy", "retained_a", "retained_b")
REPEATS = {"loto": 200, "l2to": 20, "disjoint": 50}
WORSE = {"loto": 0.0, "l2to": 0.03, "disjoint": 0.18}  # how much r falls where less is known


def tables(made, metrics, predictors, random) -> dict[str, pd.DataFrame]:
    """What follows from the forecast: the other splits, scores with nulls, intervals, and every analysis."""
    loto = made["folds"]
    found = {"folds": pd.concat([loto, _other_folds(loto, made["predictions"], random)], ignore_index=True)}
    found["scores"] = _scores(found["folds"], made["predictions"], random)
    found["nulls"] = _nulls(found["scores"], random)
    found["coverage"] = _coverage(found["scores"], random)
    found["intervals"] = _intervals(made["predictions"])
    found["calibration_metrics"] = _calibration_metrics(made["metrics"], metrics)
    found |= _selection_of_metrics(made, metrics, random) | _subsets(made, predictors, random)
    return found | {"calibration": _calibration(made, metrics, random), "selection": _selection(predictors, len(loto), random)}


def across(settings, methods, random) -> dict[str, pd.DataFrame]:
    """`setting_agreement` and `transfer`, for the analysis predictor and a baseline."""
    agreement = [("ridge", m, a, b, random.choice([0.2, 0.4, 0.6]), random.uniform(0.45, 0.9), random.uniform(-0.1, 0.8))
                 for m in methods for a, b in combinations(settings, 2)]  # fmt: skip
    transfer = []
    for predictor, method, train, test in ((p, m, a, b) for p in ("ridge", "task_effects") for m in methods for a in settings
                                           for b in settings):  # fmt: skip
        r = random.uniform(0.35, 0.7) if train == test else random.uniform(0.0, 0.4)
        undefined = int(random.integers(0, 2))
        transfer.append((predictor, method, train, test, HEADLINE, r, 0.2, r + 0.03, 0.05, 8, undefined, 28, 8))
    return {
        "setting_agreement": pd.DataFrame(agreement, columns=["predictor", "method", "setting_a", "setting_b", "top5_overlap",
                                                              "sign_agreement", "coefficient_r"]),
        "transfer": pd.DataFrame(transfer, columns=["predictor", "method", "train_setting", "test_setting", "target", "mean_r",
                                                    "sd_r", "pooled_r", "mae", "n_folds", "n_undefined", "n_metrics",
                                                    "n_tasks"]),
    }  # fmt: skip


def _other_folds(loto, predictions, random):
    """Folds of l2to (a pair each, so no correlation), of disjoint halves, and of the further targets under loto."""
    pairs = predictions[["task_a", "task_b"]].drop_duplicates().agg("__".join, axis=1)
    n_tasks, rows = loto.fold.nunique(), []
    mean = loto.groupby(["method", "predictor", "kind"], sort=False)[["pearson", "mae"]].mean().reset_index()
    for row in mean.itertuples():
        rows += [(row.method, row.predictor, row.kind, "l2to", HEADLINE, pair, len(pairs) - 2 * n_tasks + 3, 1, np.nan, np.nan,
                  abs(random.normal(row.mae, 0.02)), "one pair") for pair in pairs]  # fmt: skip
        for half in range(50):
            r = np.tanh(random.normal(np.arctanh(np.clip(row.pearson, -0.99, 0.99)) - WORSE["disjoint"], 0.3))
            rows.append((row.method, row.predictor, row.kind, "disjoint", HEADLINE, f"{half:02d}", len(pairs) // 4,
                         len(pairs) // 4, r, r, row.mae * 1.2, None if r == r else "constant predictions"))  # fmt: skip
    further = []
    for target, shift in zip(FURTHER, (0.25, -0.05, -0.1), strict=True):
        other = loto.copy()
        other["target"] = target
        lift = shift + 0.4 * (other.predictor == "single_task") * (target == "accuracy")
        for column in ("pearson", "spearman"):
            other[column] = np.clip(other[column] + lift + random.normal(0, 0.05, len(other)), -1, 0.99)
        further.append(other)
    return pd.concat([pd.DataFrame(rows, columns=loto.columns), *further], ignore_index=True)


def _scores(folds, predictions, random):
    rows = []
    for (predictor, kind, method, split, target), fold in folds.groupby(["predictor", "kind", "method", "split", "target"],
                                                                        sort=False):  # fmt: skip
        mine = predictions[(predictions.predictor == predictor) & (predictions.method == method)]
        pooled = mine.groupby(["task_a", "task_b"])[["measured", "predicted"]].mean()
        defined = pooled.predicted.nunique() > 1
        r, rho = (pooled.corr().iloc[0, 1], pooled.corr("spearman").iloc[0, 1]) if defined else (np.nan, np.nan)
        mean, sd = fold.pearson.mean(), fold.pearson.std()
        r, rho = r - WORSE[split], rho - WORSE[split]
        statistic = "pooled_r" if split == "l2to" else "mean_r"
        seen, n = (r if split == "l2to" else mean), REPEATS[split]
        null, spread = (random.uniform(-0.05, 0.35), random.uniform(0.05, 0.15)) if seen == seen else (np.nan, np.nan)
        p = (1 + round(n * float(np.clip(0.5 - (seen - null) / spread / 4, 0, 1)))) / (1 + n) if seen == seen else np.nan
        error = 1 - (pooled.measured - pooled.predicted).pow(2).sum() / pooled.measured.var(ddof=0) / len(pooled)
        rows.append((predictor, kind, method, split, target, mean, sd, mean - 0.15, mean + 0.12, fold.spearman.mean(),
                     fold.spearman.std(), r, r - 0.14, r + 0.11, rho, error, (pooled.measured - pooled.predicted).abs().mean(),
                     statistic, null, spread, p, n if kind == "baseline" or predictor != "mlp" else 10,
                     11.0 if predictor == "lasso" else np.nan, len(fold), int(fold.pearson.isna().sum()),
                     len(pooled)))  # fmt: skip
    return pd.DataFrame(rows, columns=["predictor", "kind", "method", "split", "target", "mean_r", "sd_r", "mean_r_low",
                                       "mean_r_high", "mean_spearman", "sd_spearman", "pooled_r", "pooled_r_low",
                                       "pooled_r_high", "spearman", "r2", "mae", "null_statistic", "null_mean", "null_sd", "p",
                                       "n_permutations", "mean_nonzero", "n_folds", "n_undefined", "n_pairs"])  # fmt: skip


def _nulls(scores, random):
    rows = [(row.predictor, row.method, row.split, row.target, draw, *random.normal(row.null_mean, row.null_sd, 2))
            for row in scores.itertuples() for draw in range(3)]  # fmt: skip
    return pd.DataFrame(rows, columns=["predictor", "method", "split", "target", "draw", "mean_r", "pooled_r"])


def _coverage(scores, random):
    rows = [(row.predictor, row.kind, row.method, row.split, row.target, level,
             float(np.clip(random.normal(level - 0.1 * (row.split == "disjoint"), 0.04), 0, 1)),
             level * (0.2 + 2 * row.mae), row.n_pairs, int(random.integers(0, 3)) if row.split == "disjoint" else 0)
            for row in scores[scores.target == HEADLINE].itertuples() for level in (0.8, 0.9)]  # fmt: skip
    return pd.DataFrame(rows, columns=["predictor", "kind", "method", "split", "target", "level", "coverage", "mean_width", "n",
                                       "n_unbounded"])  # fmt: skip


def _intervals(predictions):
    table = predictions.drop(columns="kind").assign(level=0.9)
    table["lower"], table["upper"] = table.predicted - 0.1, table.predicted + 0.1
    table["covered"] = table.measured.between(table.lower, table.upper)
    return table.drop(columns="predicted")


def _calibration_metrics(table, metrics):
    chosen = [name for name, category in metrics.items() if category in ("activation", "gradient")]
    return pd.concat([table[["task_a", "task_b", *chosen]].assign(n_images=n) for n in (2, 5, 10, 20)])


def _selection_of_metrics(made, metrics, random):
    methods = list(dict.fromkeys(made["merges"].method))
    n, ablation, stability, agreement, greedy, kept = made["folds"].fold.nunique(), [], [], [], [], []
    names, categories = list(metrics), list(dict.fromkeys(metrics.values()))
    for method in methods:
        base = random.uniform(0.3, 0.6)
        ablation.append(("ridge", method, "all", "all", len(names), base, 0.2, base, 0.04, n, 0, 0.0))
        for category in categories:
            count = sum(c == category for c in metrics.values())
            for keep, shift in (("without", random.normal(-0.03, 0.04)), ("only", random.normal(-0.2, 0.12))):
                ablation.append(("ridge", method, category, keep, count if keep == "only" else len(names) - count, base + shift,
                                 0.2, base + shift, 0.05, n, 0, shift))  # fmt: skip
        for name in names:
            selected = float(np.round(random.beta(0.8, 0.9) * n) / n)
            stability.append(("ridge", method, name, selected, random.uniform(0.55, 1) if selected else np.nan,
                              selected * random.normal(0, 0.05), 0.03, n))  # fmt: skip
        for direction in ("forward", "reverse"):
            r = base + random.normal(-0.02, 0.05)
            greedy.append((direction, method, r, 0.22, r, 0.05, 4.5 if direction == "forward" else 12.0, n, 1))
            for name in names:
                share = float(np.round(random.beta(0.5, 2) * n) / n)
                kept.append((direction, method, name, share, random.uniform(1, 8) if share else np.nan))
    for a, b in combinations(methods, 2):
        overlap, sign = float(random.integers(0, 6)) / 5, random.uniform(0.4, 0.95)
        agreement.append(("ridge", a, b, overlap, sign, random.uniform(-0.2, 0.9)))
    return {
        "ablation": pd.DataFrame(ablation, columns=["predictor", "method", "category", "kept", "n_metrics", "mean_r", "sd_r",
                                                    "pooled_r", "mae", "n_folds", "n_undefined", "difference"]),
        "stability": pd.DataFrame(stability, columns=["predictor", "method", "metric", "selected", "sign_agreement", "mean",
                                                      "sd", "n_folds"]),
        "method_agreement": pd.DataFrame(agreement, columns=["predictor", "method_a", "method_b", "top5_overlap",
                                                             "sign_agreement", "coefficient_r"]),
        "greedy": pd.DataFrame(greedy, columns=["direction", "method", "mean_r", "sd_r", "pooled_r", "mae", "mean_n_metrics",
                                                "n_folds", "n_undefined"]),
        "greedy_metrics": pd.DataFrame(kept, columns=["direction", "method", "metric", "frequency", "mean_rank"]),
    }  # fmt: skip


def _calibration(made, metrics, random):
    rows, sizes = [], (2, 5, 10, 20)
    for metric in (name for name, category in metrics.items() if category in ("activation", "gradient")):
        noise = random.uniform(0.2, 1.5)
        for method in dict.fromkeys(made["merges"].method):
            end = random.uniform(-0.5, 0.5)
            for size in sizes:
                same = 1.0 if size == max(sizes) else 1 - noise * 0.5 / size**0.7
                rows.append((size, metric, method, 3.0, 1.0, same, end * (0.6 + 0.4 * size / max(sizes))))
    return pd.DataFrame(rows, columns=["n_images", "metric", "method", "mean", "sd", "spearman_with_largest",
                                       "spearman_with_target"])  # fmt: skip


def _subsets(made, predictors, random):
    names, rows, scored, ranking = list(made["checkpoints"].task), [], [], []
    drawn = [tuple(names[i] for i in sorted(random.choice(len(names), 3, replace=False))) for _ in range(12)]
    for method in dict.fromkeys(made["merges"].method):
        truth = random.normal(0.75, 0.06, len(drawn))
        for subset, (tasks, level) in enumerate(zip(drawn, truth, strict=True)):
            rows += [(method, subset, "|".join(tasks), task, level * 0.9, level) for task in tasks]
        for name, kind in (*predictors.items(), ("measured_pairs", "measured")):
            guess = truth + random.normal(0, {"measured": 0.02, "predictor": 0.05, "baseline": 0.07}[kind], len(drawn))
            scored += [(name, kind, method, i, "|".join(t), s, m) for i, (t, s, m) in enumerate(zip(drawn, guess, truth,
                                                                                                    strict=True))]  # fmt: skip
            rho = float(pd.Series(guess).corr(pd.Series(truth), method="spearman"))
            ranking.append((name, kind, method, HEADLINE, 3, rho, rho - 0.3, min(rho + 0.2, 1), rho, 0.8, 0.7, len(drawn), 0))
    return {
        "subsets": pd.DataFrame(rows, columns=["method", "subset", "tasks", "task", "accuracy", "normalised_accuracy"]),
        "subset_ranking": pd.DataFrame(ranking, columns=["predictor", "kind", "method", "target", "size", "spearman",
                                                         "spearman_low", "spearman_high", "pearson", "mean_top",
                                                         "mean_bottom", "n_subsets", "n_pairs_missing"]),
        "subset_scores": pd.DataFrame(scored, columns=["predictor", "kind", "method", "subset", "tasks", "score", "measured"]),
    }  # fmt: skip


def _selection(predictors, n, random):
    rows = []
    for name, kind in predictors.items():
        chosen = random.uniform(0.8, 0.86)
        rows.append((name, kind, random.uniform(0.2, 0.7), chosen, 0.84, 0.88, 0.88 - chosen, 0.04, n))
    return pd.DataFrame(rows, columns=["predictor", "kind", "hits", "value_chosen", "value_fixed", "value_oracle", "regret",
                                       "regret_fixed", "n"])  # fmt: skip
