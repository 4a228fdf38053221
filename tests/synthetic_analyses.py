"""Made-up analyses on top of `synthetic`: the layout of the real tables, numbers that hang together, nothing refitted."""

from itertools import combinations, product

import numpy as np
import pandas as pd

HEADLINE, FURTHER = "normalised_accuracy", ("accuracy", "retained")
REPEATS = {"loto": 200, "l2to": 199, "disjoint": 50}
WORSE = {"loto": 0.0, "l2to": 0.0, "disjoint": 0.18}  # how much a score falls where less is known


def tables(made, metrics, predictors, random) -> dict[str, pd.DataFrame]:
    """What follows from the forecast: the other splits, scores with nulls, intervals, and every analysis."""
    loto = made["folds"]
    found = {"folds": pd.concat([loto, _other_folds(loto, made["predictions"], random)], ignore_index=True)}
    found["scores"] = _scores(found["folds"], made["predictions"], random)
    found["nulls"] = _nulls(found["scores"], random)
    found["comparisons"] = _comparisons(found["scores"])
    found["coverage"] = _coverage(found["scores"], random)
    found["intervals"] = _intervals(made["predictions"].query("split == 'loto'"))
    found["calibration_metrics"] = _calibration_metrics(made["metrics"], metrics)
    found |= _selection_of_metrics(made, metrics, random) | _subsets(made, predictors, random)
    found["noise"] = _noise(made["merges"], random)
    found |= _costs(random) | {"interaction": _interaction(made["predictions"], random)}
    found["split_half"] = _split_half(found["scores"])
    found |= {"planner": _planner(random), "planner_groups": _planner_groups(made["merges"], random)}
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
        transfer.append((predictor, method, train, test, HEADLINE, r / 2, r + 0.03, 0.05, r, 0.2, 8, undefined, 28, 8))
    return {
        "setting_agreement": pd.DataFrame(agreement, columns=["predictor", "method", "setting_a", "setting_b", "top5_overlap",
                                                              "sign_agreement", "coefficient_r"]),
        "transfer": pd.DataFrame(transfer, columns=["predictor", "method", "train_setting", "test_setting", "target", "q2",
                                                    "centred_r", "mae", "mean_r", "sd_r", "n_folds", "n_undefined",
                                                    "n_metrics", "n_tasks"]),
    }  # fmt: skip


def _other_folds(loto, predictions, random):
    """Folds of l2to (a pair each, so no correlation), of disjoint halves, and of the further targets under loto."""
    pairs = predictions[["task_a", "task_b"]].drop_duplicates().agg("__".join, axis=1)
    n_tasks, rows, level = loto.fold.nunique(), [], predictions.measured.mean()
    mean = loto.groupby(["method", "predictor", "kind"], sort=False)[["pearson", "mae"]].mean().reset_index()
    for row in mean.itertuples():
        rows += [(row.method, row.predictor, row.kind, "l2to", HEADLINE, pair, len(pairs) - 2 * n_tasks + 3, 1, level, np.nan,
                  np.nan, abs(random.normal(row.mae, 0.02)), "one pair") for pair in pairs]  # fmt: skip
        for half in range(50):
            r = np.tanh(random.normal(np.arctanh(np.clip(row.pearson, -0.99, 0.99)) - WORSE["disjoint"], 0.3))
            rows.append((row.method, row.predictor, row.kind, "disjoint", HEADLINE, f"{half:02d}", len(pairs) // 4,
                         len(pairs) // 4, level, r, r, row.mae * 1.2, None if r == r else "constant predictions"))  # fmt: skip
    further = []
    for target, shift in zip(FURTHER, (0.25, -0.05), strict=True):
        other = loto.copy()
        other["target"] = target
        lift = shift + 0.4 * (other.predictor == "single_task") * (target == "accuracy")
        for column in ("pearson", "spearman"):
            other[column] = np.clip(other[column] + lift + random.normal(0, 0.05, len(other)), -1, 0.99)
        further.append(other)
    return pd.concat([pd.DataFrame(rows, columns=loto.columns), *further], ignore_index=True)


def _scores(folds, predictions, random):
    rows, names = [], ["predictor", "kind", "method", "split", "target"]
    for head, fold in folds.groupby(names, sort=False):
        predictor, kind, method, split, target = head
        of_split = predictions.split == (split if split in ("loto", "l2to") else "loto")
        mine = predictions[of_split & (predictions.predictor == predictor) & (predictions.method == method)]
        known, guess = mine.measured - mine.train_mean, mine.predicted - mine.train_mean
        blind = guess.abs().max() < 1e-12
        score = {
            "q2": 1 - ((known - guess) ** 2).sum() / (known**2).sum() - WORSE[split],
            "centred_r": np.nan if blind else known.corr(guess) - WORSE[split],
            "mae": (known - guess).abs().mean(),
            "mean_r": fold.pearson.mean(),
        }
        row = dict(zip(names, head, strict=True)) | score | {"sd_r": fold.pearson.std()}
        row |= {f"{name}{end}": value + by * (1 if name != "mae" else 0.1) for name, value in score.items()
                for end, by in (("_low", -0.15), ("_high", 0.12))}  # fmt: skip
        n = REPEATS[split] if predictor != "mlp" else 10
        for name in ("q2", "centred_r", "mean_r"):
            there = score[name] == score[name]
            null, spread = (random.uniform(-0.3, 0.1), random.uniform(0.05, 0.15)) if there else [np.nan] * 2
            reached = np.clip(0.5 - (score[name] - null) / spread / 4, 0, 1) if there else np.nan
            p = (1 + round(n * float(reached))) / (1 + n) if there else np.nan
            p = p if n >= 199 else np.nan
            row |= {f"null_{name}": null, f"null_{name}_sd": spread, f"p_{name}": p}
            row[f"p_max_{name}"] = min(1, 3 * p) if kind == "predictor" else np.nan
        ranks = (np.nan,) * 3 if mine.predicted.nunique() < 2 else (fold.spearman.mean(), fold.spearman.std(), 0.4)
        row |= dict(zip(("mean_spearman", "sd_spearman", "spearman"), ranks, strict=True))
        pooled = np.nan if blind else mine.measured.corr(mine.predicted)
        row |= {"pooled_r": pooled, "mean_nonzero": 11.0 if predictor == "lasso" else np.nan, "n_permutations": n,
                "n_folds": len(fold), "n_undefined": int(fold.pearson.isna().sum()), "n_forecasts": len(mine)}  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def _nulls(scores, random):
    rows = [(row.predictor, row.method, row.split, row.target, draw, *random.normal(row.null_q2, row.null_q2_sd, 3))
            for row in scores.itertuples() for draw in range(3)]  # fmt: skip
    return pd.DataFrame(rows, columns=["predictor", "method", "split", "target", "draw", "q2", "centred_r", "mean_r"])


def _comparisons(scores):
    """Differences of the scores themselves, with intervals as wide as they might be."""
    rows, columns = [], ["q2", "centred_r", "mae", "mean_r"]
    for (split, target), mine in scores.groupby(["split", "target"], sort=False):
        wide = mine.set_index(["predictor", "method"])[columns]
        kinds = dict(zip(mine.predictor, mine.kind, strict=True))
        for one, other in ((a, b) for a in kinds for b in kinds if (kinds[a], kinds[b]) == ("predictor", "baseline")):
            lead = wide.loc[one] - wide.loc[other]
            for method, row in [*lead.iterrows(), ("all", lead.mean())]:
                width = 0.05 if method == "all" else 0.1
                rows += [(one, other, method, split, target, name, row[name], row[name] - width, row[name] + width)
                         for name in columns]  # fmt: skip
    return pd.DataFrame(rows, columns=["predictor", "rival", "method", "split", "target", "score", "difference", "low", "high"])


def _noise(merges, random):
    rows = [(method, HEADLINE, 0.1, 0.04, share, (1 - share) ** 0.5, 28, 64)
            for method, share in ((m, random.uniform(0.1, 0.4)) for m in dict.fromkeys(merges.method))]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "target", "sd", "noise_sd", "noise_share", "highest_r", "n_pairs",
                                       "least_images"])  # fmt: skip


def _costs(random):
    """Ways to know how pairs merge, each better the dearer it is but one that nobody should take."""
    options = [("training mean", 0.0, 0.0), ("additive", 0.5, 3.0), ("3 anchors", 0.45, 9.0),
               ("50 images", 0.7, 20.0), ("50 images + additive", 0.8, 23.0)]  # fmt: skip
    rows = [(option, q2, 0.1 * (1 - q2), n, methods, round(1000 * cost * n), n, cost * n * methods, option != "3 anchors", 28)
            for n in (2, 10, 20, 100) for methods in (1, 8) for option, q2, cost in options]  # fmt: skip
    units = pd.DataFrame({"unit": ["job", "checkpoint", "merge", "forward"], "seconds": [2.0, 0.0, 0.06, 0.0003]})
    return {"frontier": pd.DataFrame(rows, columns=["option", "q2", "mae", "checkpoints", "methods", "forwards", "merges",
                                                    "seconds", "on_frontier", "n_forecasts"]), "unit_costs": units}  # fmt: skip


def _split_half(scores):
    mine = scores[(scores.split == "l2to") & (scores.target == HEADLINE)]
    rows = [(row.predictor, row.kind, row.method, HEADLINE, row.q2 - 0.02, row.centred_r, row.mae, row.q2, 28)
            for row in mine.itertuples()]  # fmt: skip
    rows += [("measured", "measured", method, HEADLINE, 0.8, 0.9, 0.02, 1.0, 28) for method in dict.fromkeys(mine.method)]
    return pd.DataFrame(rows, columns=["predictor", "kind", "method", "target", "q2", "centred_r", "mae", "q2_same",
                                       "n_forecasts"])  # fmt: skip


def _planner(random):
    """A plan that is ahead of every other order but the oracle, by less the more merges are made."""
    behind = {"plan": 0.0, "largest_gain": 0.01, "random_order": 0.1, "best_method": 0.05, "task_effects": 0.03, "oracle": None}
    rows = []
    for (split, scope), budget in product((("l2to", "task"), ("l2to", "grid"), ("loto", "task")), (1, 2, 5, 10, 20)):
        for strategy, far in behind.items():
            regret = 0.0 if far is None else (0.06 + far) / budget**0.5
            ends = (regret * 0.7, regret * 1.3) if scope == "task" else (np.nan, np.nan)
            lead = np.nan if strategy == "plan" else regret - 0.06 / budget**0.5
            rows.append((strategy, split, scope, budget, regret, *ends, random.uniform(0.1, 0.6), 0.1, 0.6, lead, lead - 0.01,
                         lead + 0.01, 8 if scope == "task" else 1, 56, "mixed", HEADLINE))  # fmt: skip
    return pd.DataFrame(rows, columns=["strategy", "split", "scope", "budget", "regret", "low", "high", "hit_rate", "hit_low",
                                       "hit_high", "behind", "behind_low", "behind_high", "n", "candidates", "forecaster",
                                       "target"])  # fmt: skip


def _planner_groups(merges, random):
    rows = [(rule, pairs, method, 3, random.uniform(0, 0.9), random.uniform(-1, 0.6), random.uniform(0.02, 0.1),
             random.normal(0, 0.05), 12, "mixed", HEADLINE)
            for pairs in ("forecast", "measured") for rule in ("mean", "additive", "levelled")
            for method in (*dict.fromkeys(merges.method), "all")]  # fmt: skip
    return pd.DataFrame(
        rows, columns=["rule", "pairs", "method", "size", "r", "q2", "mae", "bias", "n", "forecaster", "target"]
    )


def _interaction(predictions, random):
    kinds = predictions.drop_duplicates(["predictor", "method"])[["predictor", "kind", "method"]]
    rows = [(row.predictor, row.kind, row.method, "l2to", HEADLINE,
             *((random.uniform(-0.2, 0.6), random.uniform(0.001, 0.9)) if row.kind == "predictor" else (np.nan, np.nan)),
             0.2, 28) for row in kinds.itertuples()]  # fmt: skip
    return pd.DataFrame(rows, columns=["predictor", "kind", "method", "split", "target", "r", "p", "share_measured", "n_pairs"])


def _coverage(scores, random):
    rows = [(row.predictor, row.kind, row.method, row.split, row.target, level,
             float(np.clip(random.normal(level - 0.1 * (row.split == "disjoint"), 0.04), 0, 1)),
             level * (0.2 + 2 * row.mae), row.n_forecasts, int(random.integers(0, 3)) if row.split == "disjoint" else 0,
             "4 training tasks support levels up to 0.800" if row.split == "disjoint" else None)
            for row in scores[scores.target == HEADLINE].itertuples() for level in (0.8, 0.9)]  # fmt: skip
    return pd.DataFrame(rows, columns=["predictor", "kind", "method", "split", "target", "level", "coverage", "mean_width", "n",
                                       "n_unbounded", "refused"])  # fmt: skip


def _intervals(predictions):
    table = predictions.drop(columns=["kind", "split", "train_mean"]).assign(level=0.9)
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
        ablation.append(("ridge", method, "all", "all", len(names), base / 2, base, 0.04, base, 0.2, n, 0, 0.0))
        for category in categories:
            count = sum(c == category for c in metrics.values())
            for keep, shift in (("without", random.normal(-0.03, 0.04)), ("only", random.normal(-0.2, 0.12))):
                ablation.append(("ridge", method, category, keep, count if keep == "only" else len(names) - count, base / 2,
                                 base, 0.05, base + shift, 0.2, n, 0, shift))  # fmt: skip
        for name in names:
            selected = float(np.round(random.beta(0.8, 0.9) * n) / n)
            stability.append(("ridge", method, name, selected, random.uniform(0.55, 1) if selected else np.nan,
                              selected * random.normal(0, 0.05), 0.03, n))  # fmt: skip
        for direction in ("forward", "reverse"):
            r = base + random.normal(-0.02, 0.05)
            greedy.append((direction, method, r / 2, r, 0.05, r, 0.22, n, 1, 4.5 if direction == "forward" else 12.0))
            for name in names:
                share = float(np.round(random.beta(0.5, 2) * n) / n)
                kept.append((direction, method, name, share, random.uniform(1, 8) if share else np.nan))
    for a, b in combinations(methods, 2):
        overlap, sign = float(random.integers(0, 6)) / 5, random.uniform(0.4, 0.95)
        agreement.append(("ridge", a, b, overlap, sign, random.uniform(-0.2, 0.9)))
    return {
        "ablation": pd.DataFrame(ablation, columns=["predictor", "method", "category", "kept", "n_metrics", "q2", "centred_r",
                                                    "mae", "mean_r", "sd_r", "n_folds", "n_undefined", "difference"]),
        "stability": pd.DataFrame(stability, columns=["predictor", "method", "metric", "selected", "sign_agreement", "mean",
                                                      "sd", "n_folds"]),
        "method_agreement": pd.DataFrame(agreement, columns=["predictor", "method_a", "method_b", "top5_overlap",
                                                             "sign_agreement", "coefficient_r"]),
        "greedy": pd.DataFrame(greedy, columns=["direction", "method", "q2", "centred_r", "mae", "mean_r", "sd_r", "n_folds",
                                                "n_undefined", "mean_n_metrics"]),
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
