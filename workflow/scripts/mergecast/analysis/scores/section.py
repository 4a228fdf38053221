"""The score table a reader can trust: predictors, baselines, intervals, and what chance alone reaches."""

import pandas as pd

from ...charts import SPLIT_NAMES, interval, number, target_name
from ...prediction.scores import FEWEST_DRAWS
from ...tables.reading import against, leader, rivals
from .._section import Section
from .figure import draw

COLUMNS = ("Q²", "95 % interval", "MAE", "null: mean ± s.d.", "p", "p of the largest", "centred r", "its interval", "its p",
           "mean r", "Spearman ρ", "relabellings", "non-zero", "undefined folds")  # fmt: skip
EVERY = "mean over methods"


def section(setting) -> Section:
    """Sentences, the chart, and a table whose rows the page's script takes from `views` as its selectors say."""
    shown = views(setting.tables["scores"])
    data = {
        "columns": COLUMNS,
        "views": shown,
        "split": setting.split,
        "target": setting.target,
        "view": f"{setting.split}|{setting.target}|{shown['methods'][0]}",
    }
    said = words(setting.headline["scores"], setting.headline["comparisons"])
    return Section(said, [draw(setting)], template="scores.html.j2", data=data, script=shown["rows"])


def words(table: pd.DataFrame, comparisons: pd.DataFrame) -> list[str]:
    """What the scores of the headline say, in sentences."""
    sentences = []
    predictors = table[table.kind == "predictor"]
    mine, rival = leader(table, "predictor"), leader(table, "baseline")
    mean = table.groupby("predictor", sort=False).q2.mean()
    if mine and rival:
        ahead = [name for name in rivals(predictors) if mean[name] > mean[rival]]
        difference, low, high = against(comparisons, mine, rival)
        said = (
            f"{len(ahead)} of {predictors.predictor.nunique()} predictors have a higher Q² than the best baseline, {rival} "
            f"({number(mean[rival])}); the best is {mine} ({number(mean[mine])})."
            if ahead
            else f"No predictor beats {rival}: Q² {number(mean[mine])} ({mine}) against {number(mean[rival])}."
        )
        if low == low:
            said += f" Its lead over {rival} is {number(difference)}, 95 % interval [{number(low)}, {number(high)}]."
        sentences.append(said)
    tested = predictors[predictors.p_q2.notna()]
    if len(tested):
        below = int((tested.p_q2 < 0.05).sum())
        sentences.append(
            f"{below} of {len(tested)} scores of predictors are above what the same predictor reaches when tasks are "
            f"relabelled (p < 0.05; chance alone gives about {round(0.05 * len(tested))})."
        )
        smallest = tested.loc[tested.p_max_q2.idxmin()] if tested.p_max_q2.notna().any() else None
        if smallest is not None:
            sentences.append(
                f"Over all of them at once the smallest p is {number(smallest.p_max_q2, 3)} ({smallest.predictor}, "
                f"{smallest.method}): as seldom does the largest Q² of any reach that after relabelling."
            )
    few = predictors[predictors.n_permutations.between(1, FEWEST_DRAWS - 1)]
    if len(few):
        sentences.append(
            f"For {', '.join(few.predictor.unique())} fewer than {FEWEST_DRAWS} relabellings were drawn: too few for a p."
        )
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
    return [row.predictor, row.kind, *_cells(row), _undefined(row.n_undefined, row.n_folds)]


def _over_methods(table) -> list[list[str]]:
    rows = []
    for name, kind in rivals(table).items():
        mine = table[table.predictor == name]
        means = pd.Series(mine.mean(numeric_only=True))
        cells = _cells(means)
        for place, column in ((4, "p_q2"), (5, "p_max_q2"), (8, "p_centred_r")):
            tested = mine[column].dropna()
            cells[place] = f"{(tested < 0.05).sum()}/{len(tested)} < .05" if len(tested) else "–"
        rows.append([name, kind, *cells, _undefined(mine.n_undefined.sum(), mine.n_folds.sum())])
    return rows


def _cells(row) -> list[str]:
    """`COLUMNS` but the last."""
    sd = f" ± {number(row.null_q2_sd)}" if pd.notna(row.null_q2_sd) else ""
    return [
        _short(row.q2),
        interval(row.q2_low, row.q2_high),
        _short(row.mae, 3),
        f"{number(row.null_q2)}{sd}" if pd.notna(row.null_q2) else "–",
        _short(row.p_q2, 3),
        _short(row.p_max_q2, 3),
        _short(row.centred_r),
        interval(row.centred_r_low, row.centred_r_high),
        _short(row.p_centred_r, 3),
        _short(row.mean_r),
        _short(row.spearman),
        f"{row.n_permutations:.0f}",
        _short(row.mean_nonzero, 1),
    ]


def _short(value, digits: int = 2) -> str:
    return "–" if pd.isna(value) else number(value, digits)


def _undefined(n, folds) -> str:
    return f"{int(n)} of {int(folds)}" if n else "0"
