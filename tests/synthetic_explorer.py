"""Made-up tables of the explorer on top of `synthetic`: forecasts with intervals, reasons, neighbours, a plan."""

from itertools import combinations

import numpy as np
import pandas as pd

HEADLINE = "normalised_accuracy"
KEYS = ["task_a", "task_b", "method"]
LEVELS = {0.8: 1.28, 0.9: 1.64}
WHY = ("{task} keeps much when shortened to a half", "{task} is little harmed by others", "the two move the same layers",
       "{task} moved far from the base")  # fmt: skip


def tables(made, random, unmeasured=0.1) -> dict[str, pd.DataFrame]:
    """The tables of the contract by name; a share of pairs was never merged, and some of their tasks in no pair at all."""
    forecasts = _forecasts(made["merges"], random, unmeasured)
    reasons, near = _reasons(forecasts, random), _neighbours(forecasts, random)
    return {"forecasts": forecasts, "forecast_reasons": reasons, "neighbours": near,
            "plan": _plan(forecasts)}  # fmt: skip


def _forecasts(merges, random, unmeasured):
    tasks = list(dict.fromkeys([*merges.task_a, *merges.task_b]))
    pairs = list(combinations(tasks, 2))
    wide = merges.set_index([*KEYS, "task"])[HEADLINE].to_dict()
    lost, rows = random.random(len(pairs)) < unmeasured, []
    lost[0] = False
    seen = {task for pair, gone in zip(pairs, lost, strict=True) if not gone for task in pair}
    means = merges.groupby("method")[HEADLINE].mean()
    for (a, b), gone in zip(pairs, lost, strict=True):
        for method in dict.fromkeys(merges.method):
            truth = [wide[a, b, method, task] for task in (a, b)]
            kept = [value + random.normal(0, 0.03) for value in truth]
            forecast, spread = np.mean(kept), random.uniform(0.02, 0.06)
            ends = [side * LEVELS[level] * spread for level in LEVELS for side in (-1, 1)]
            measured = np.nan if gone else np.mean(truth)
            rows.append((a, b, method, 2 - len({a, b} & seen), measured, forecast, *(forecast + end for end in ends), *kept,
                         means[method], "ridge"))  # fmt: skip
    columns = [*KEYS, "unseen", "measured", "forecast", *(f"{side}_{level}" for level in LEVELS for side in ("low", "high")),
               "kept_a", "kept_b", "baseline", "forecaster"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _reasons(forecasts, random):
    rows = []
    for row in forecasts.itertuples():
        said = [why.format(task=random.choice([row.task_a, row.task_b])) for why in random.permutation(WHY)[:3]]
        size = np.sort(np.abs(random.normal(0, 0.03, 3)))[::-1] * random.choice([-1, 1], 3)
        rows += [(row.task_a, row.task_b, row.method, rank, *each) for rank, each in enumerate(zip(said, size, strict=True), 1)]
    return pd.DataFrame(rows, columns=[*KEYS, "rank", "reason", "contribution"])


def _neighbours(forecasts, random):
    pairs = forecasts[["task_a", "task_b", "measured"]].drop_duplicates(["task_a", "task_b"])
    known = list(pairs.dropna()[["task_a", "task_b"]].itertuples(index=False, name=None))
    rows = []
    for row in pairs.itertuples():
        others = [pair for pair in known if pair != (row.task_a, row.task_b)]
        for rank, place in enumerate(random.permutation(len(others))[:3], 1):
            rows.append((row.task_a, row.task_b, rank, *others[place], 0.2 * rank))
    return pd.DataFrame(rows, columns=["task_a", "task_b", "rank", "near_a", "near_b", "distance"])


def _plan(forecasts, steps=60):
    open_ = forecasts.sort_values("forecast", ascending=False, kind="stable").head(steps)
    table = open_[[*KEYS, "forecast", "low_0.8", "high_0.8"]].reset_index(drop=True)
    table.insert(0, "step", range(1, len(table) + 1))
    return table.assign(gain=0.02 / table.step)
