"""The score table a reader can trust: predictors, baselines, intervals, and what chance alone reaches."""

from types import SimpleNamespace

import pandas as pd

from ...charts import SPLIT_NAMES, number, target_name
from ...tables.reading import best, rivals
from .._section import Section
from .figure import draw

COLUMNS = ("mean r", "95 % interval", "null: mean ± s.d.", "p", "permutations", "pooled r", "Spearman ρ", "R²", "MAE",
           "non-zero", "undefined folds")  # fmt: skip
EVERY = "mean over methods"


def section(setting) -> Section:
    """Sentences, the chart, and a table whose rows the page's script takes from `views` as its selectors say."""
    shown, sentences = views(setting.tables["scores"]), words(setting.headline["scores"])
    data = {
        "columns": COLUMNS,
        "views": shown,
        "target": setting.target,
        "view": f"loto|{setting.target}|{shown['methods'][0]}",
    }
    return Section(sentences, [draw(setting)], template="scores.html.j2", data=data, script=shown["rows"])


def words(table: pd.DataFrame) -> list[str]:
    """What the scores of the headline say, in sentences."""
    sentences = []
    mine, rival = best(table, "mean_r", "predictor"), best(table, "mean_r", "baseline")
    if mine and rival:
        wide = table.pivot_table(index="method", columns="predictor", values="mean_r")
        above = [name for name in rivals(table[table.kind == "predictor"]) if name in wide and wide[name].mean() > rival[1]]
        if above:
            sentences.append(
                f"{len(above)} of {table[table.kind == 'predictor'].predictor.nunique()} predictors have a higher mean r than "
                f"the best baseline, {rival[0]} ({number(rival[1])}); the best is {mine[0]} ({number(mine[1])})."
            )
        else:
            sentences.append(f"No predictor beats {rival[0]}: {number(mine[1])} ({mine[0]}) against {number(rival[1])}.")
    tested = table[table.p.notna() & (table.kind == "predictor")]
    if len(tested):
        below = int((tested.p < 0.05).sum())
        highest = tested.loc[tested.null_mean.idxmax()]
        sentences.append(
            f"{below} of {len(tested)} scores of predictors are above what the same predictor reaches when tasks are "
            f"relabelled (p < 0.05; chance alone gives about {round(0.05 * len(tested))}). Relabelled, the mean r is still up "
            f"to {number(highest.null_mean)} ± {number(highest.null_sd)} ({highest.predictor}, {highest.method}): that much "
            "needs no signal in the metrics."
        )
    few = table[table.n_permutations.notna() & (table.n_permutations < 100)]
    if len(few):
        least = few.n_permutations.min()
        sentences.append(
            f"For {', '.join(few.predictor.unique())} only {least:.0f} or a few more relabellings were drawn, since each takes "
            f"long, so p cannot be below {number(1 / (1 + least), 3)}."
        )
    undefined = table.groupby("predictor", sort=False).n_undefined.sum()
    undefined = undefined[undefined > 0]
    if len(undefined):
        counts = ", ".join(f"{name} {int(n)}" for name, n in undefined.items())
        sentences.append(f"r is undefined in {int(undefined.sum())} of {int(table.n_folds.sum())} folds ({counts}).")
    return sentences


def views(scores: pd.DataFrame) -> dict:
    """What the table's selectors offer, and the rows of each choice.

    Parameters
    ----------
    scores : DataFrame

    Returns
    -------
    dict
        `splits`, `targets`, `methods`, and `rows` by "split|target|method", as text.
    """
    methods = list(dict.fromkeys(scores.method))
    rows = {}
    for (split, target), mine in scores.groupby(["split", "target"], sort=False):
        for method in methods:
            rows[f"{split}|{target}|{method}"] = [_row(row) for row in _ordered(mine[mine.method == method]).itertuples()]
        if len(methods) > 1:
            rows[f"{split}|{target}|{EVERY}"] = _over_methods(mine)
    return {
        "methods": [EVERY, *methods] if len(methods) > 1 else methods,
        "splits": {split: SPLIT_NAMES.get(split, split) for split in dict.fromkeys(scores.split)},
        "targets": {target: target_name(target) for target in dict.fromkeys(scores.target)},
        "rows": rows,
    }


def _ordered(table):
    return table.sort_values("kind", ascending=False, kind="stable")


def _row(row) -> list[str]:
    return [row.predictor, row.kind, _short(row.mean_r), *_spread(row), _short(row.p, 3), _count(row.n_permutations),
            _short(row.pooled_r), _short(row.spearman), _short(row.r2), _short(row.mae, 3), _short(row.mean_nonzero, 1),
            _undefined(row.n_undefined, row.n_folds)]  # fmt: skip


def _over_methods(table) -> list[list[str]]:
    rows = []
    for name, kind in rivals(table).items():
        mine = table[table.predictor == name]
        tested, means = mine.p.dropna(), mine.mean(numeric_only=True).to_dict()
        spread = _spread(SimpleNamespace(**means, null_statistic=mine.null_statistic.iloc[0]))
        rows.append([name, kind, _short(mine.mean_r.mean()), *spread, f"{(tested < 0.05).sum()}/{len(tested)} < .05"
                      if len(tested) else "–", _count(mine.n_permutations.min()), _short(mine.pooled_r.mean()),
                      _short(mine.spearman.mean()), _short(mine.r2.mean()), _short(mine.mae.mean(), 3),
                      _short(mine.mean_nonzero.mean(), 1), _undefined(mine.n_undefined.sum(), mine.n_folds.sum())])  # fmt: skip
    return rows


def _spread(row) -> tuple[str, str]:
    """The interval and the null of one score, or of the mean of several; where folds are single pairs, of the pooled r."""
    name = "pooled_r" if row.null_statistic == "pooled_r" else "mean_r"
    note = " pooled" if name == "pooled_r" else ""
    low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
    interval = f"[{number(low)}, {number(high)}]{note}" if pd.notna(low) and pd.notna(high) else "–"
    sd = f" ± {number(row.null_sd)}" if pd.notna(row.null_sd) else ""
    return interval, f"{number(row.null_mean)}{sd}{note}" if pd.notna(row.null_mean) else "–"


def _short(value, digits: int = 2) -> str:
    return "–" if pd.isna(value) else number(value, digits)


def _count(value) -> str:
    return "–" if pd.isna(value) else f"{value:.0f}"


def _undefined(n, folds) -> str:
    return f"{int(n)} of {int(folds)}" if n else "0"
