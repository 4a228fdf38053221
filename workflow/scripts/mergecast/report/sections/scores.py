"""The score table a reader can trust: predictors, baselines, intervals, and what chance alone reaches."""

from types import SimpleNamespace

import altair as alt
import pandas as pd

from ...plots import rivals
from ..charts._panel import Figure, Panel, rows, spec
from ._section import SPLIT_NAMES, Section, best, target_name, told

NAME, TITLE = "scores", "Scores, baselines and chance"
NEEDS = ("scores",)
COLUMNS = ("mean r", "95 % interval", "null: mean ± s.d.", "p", "permutations", "pooled r", "Spearman ρ", "R²", "MAE",
           "non-zero", "undefined folds")  # fmt: skip
EVERY = "mean over methods"


def section(setting, facts) -> Section:
    """Sentences and the chart; the table with its selectors is put together from `views`."""
    table = setting.headline["scores"]
    return Section(NAME, TITLE, words(table), [_figure(table, facts)])


def words(table: pd.DataFrame) -> list[str]:
    """What the scores of the headline say, in sentences."""
    found = []
    mine, rival = best(table, "mean_r", "predictor"), best(table, "mean_r", "baseline")
    if mine and rival:
        wide = table.pivot_table(index="method", columns="predictor", values="mean_r")
        above = [name for name in rivals(table[table.kind == "predictor"]) if name in wide and wide[name].mean() > rival[1]]
        if above:
            found.append(
                f"{len(above)} of {table[table.kind == 'predictor'].predictor.nunique()} predictors have a higher mean r than "
                f"the best baseline, {rival[0]} ({told(rival[1])}); the best is {mine[0]} ({told(mine[1])})."
            )
        else:
            found.append(f"No predictor beats {rival[0]}: {told(mine[1])} ({mine[0]}) against {told(rival[1])}.")
    tested = table[table.p.notna() & (table.kind == "predictor")]
    if len(tested):
        below = int((tested.p < 0.05).sum())
        highest = tested.loc[tested.null_mean.idxmax()]
        found.append(
            f"{below} of {len(tested)} scores of predictors are above what the same predictor reaches when tasks are "
            f"relabelled (p < 0.05; chance alone gives about {round(0.05 * len(tested))}). Relabelled, the mean r is still up "
            f"to {told(highest.null_mean)} ± {told(highest.null_sd)} ({highest.predictor}, {highest.method}): that much needs "
            "no signal in the metrics."
        )
    few = table[table.n_permutations.notna() & (table.n_permutations < 100)]
    if len(few):
        least = few.n_permutations.min()
        found.append(
            f"For {', '.join(few.predictor.unique())} only {least:.0f} or a few more relabellings were drawn, since each takes "
            f"long, so p cannot be below {told(1 / (1 + least), 3)}."
        )
    undefined = table.groupby("predictor", sort=False).n_undefined.sum()
    undefined = undefined[undefined > 0]
    if len(undefined):
        counts = ", ".join(f"{name} {int(n)}" for name, n in undefined.items())
        found.append(f"r is undefined in {int(undefined.sum())} of {int(table.n_folds.sum())} folds ({counts}).")
    return found


def views(scores: pd.DataFrame) -> dict:
    """What the table's selectors offer: `splits`, `targets`, `methods`, and `rows` by "split|target|method", as text."""
    methods = list(dict.fromkeys(scores.method))
    found = {}
    for (split, target), mine in scores.groupby(["split", "target"], sort=False):
        for method in methods:
            found[f"{split}|{target}|{method}"] = [_row(row) for row in _ordered(mine[mine.method == method]).itertuples()]
        if len(methods) > 1:
            found[f"{split}|{target}|{EVERY}"] = _over_methods(mine)
    return {
        "methods": [EVERY, *methods] if len(methods) > 1 else methods,
        "splits": {split: SPLIT_NAMES.get(split, split) for split in dict.fromkeys(scores.split)},
        "targets": {target: target_name(target) for target in dict.fromkeys(scores.target)},
        "rows": found,
    }


def _ordered(table):
    return table.sort_values("kind", ascending=False, kind="stable")


def _row(row) -> list[str]:
    return [row.predictor, row.kind, _short(row.mean_r), *_spread(row), _short(row.p, 3), _count(row.n_permutations),
            _short(row.pooled_r), _short(row.spearman), _short(row.r2), _short(row.mae, 3), _short(row.mean_nonzero, 1),
            _undefined(row.n_undefined, row.n_folds)]  # fmt: skip


def _over_methods(table) -> list[list[str]]:
    found = []
    for name, kind in rivals(table).items():
        mine = table[table.predictor == name]
        tested, means = mine.p.dropna(), mine.mean(numeric_only=True).to_dict()
        spread = _spread(SimpleNamespace(**means, null_statistic=mine.null_statistic.iloc[0]))
        found.append([name, kind, _short(mine.mean_r.mean()), *spread, f"{(tested < 0.05).sum()}/{len(tested)} < .05"
                      if len(tested) else "–", _count(mine.n_permutations.min()), _short(mine.pooled_r.mean()),
                      _short(mine.spearman.mean()), _short(mine.r2.mean()), _short(mine.mae.mean(), 3),
                      _short(mine.mean_nonzero.mean(), 1), _undefined(mine.n_undefined.sum(), mine.n_folds.sum())])  # fmt: skip
    return found


def _spread(row) -> tuple[str, str]:
    """The interval and the null of one score, or of the mean of several; where folds are single pairs, of the pooled r."""
    name = "pooled_r" if row.null_statistic == "pooled_r" else "mean_r"
    note = " pooled" if name == "pooled_r" else ""
    low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
    interval = f"[{told(low)}, {told(high)}]{note}" if pd.notna(low) and pd.notna(high) else "–"
    sd = f" ± {told(row.null_sd)}" if pd.notna(row.null_sd) else ""
    return interval, f"{told(row.null_mean)}{sd}{note}" if pd.notna(row.null_mean) else "–"


def _short(value, digits: int = 2) -> str:
    return "–" if pd.isna(value) else told(value, digits)


def _count(value) -> str:
    return "–" if pd.isna(value) else f"{value:.0f}"


def _undefined(n, folds) -> str:
    return f"{int(n)} of {int(folds)}" if n else "0"


def _figure(table, facts) -> Figure:
    kinds, panels = rivals(table), []
    names = list(kinds)
    low = min(-0.25, *(table[column].min() for column in ("mean_r_low", "null_mean") if table[column].notna().any()), 0)
    for method in (m.name for m in facts.methods):
        mine = table[table.method == method].copy()
        mine["null_low"], mine["null_high"] = mine.null_mean - mine.null_sd, mine.null_mean + mine.null_sd
        top = mine.loc[mine.mean_r.idxmax(), "predictor"] if mine.mean_r.notna().any() else "none"
        alternative = f"Mean fold r with intervals and nulls of {len(mine)} predictors and baselines for {method}; best: {top}."
        panels.append(Panel(method, spec(_chart(mine, names, low), alternative)))
    return Figure(
        "scores",
        "Every predictor, its interval, and its null",
        "Dot: mean r over folds; line: 95 % interval, bootstrap over tasks. Grey: mean ± standard deviation of the same "
        "predictor refitted after tasks were relabelled. Blue: predictors; orange diamonds: baselines.",
        f"{len(panels)} charts of mean fold correlations with intervals and nulls, one a merge method.",
        panels,
        least=300,
        most="38rem",
    )


def _chart(mine, names, low):
    columns = ["predictor", "kind", "mean_r", "mean_r_low", "mean_r_high", "null_mean", "null_low", "null_high", "p",
               "n_permutations", "n_undefined"]  # fmt: skip
    data = rows(mine[columns].round(4))
    y = alt.Y("predictor:N", sort=names, title=None, axis=alt.Axis(labelLimit=120, grid=True))
    scale = alt.Scale(domain=[low, 1], nice=False)
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("kind:N")] + [
        alt.Tooltip(f"{name}:Q", title=title, format=form)
        for name, title, form in (("mean_r", "mean r", ".3f"), ("mean_r_low", "interval from", ".3f"),
                                  ("mean_r_high", "to", ".3f"), ("null_mean", "null mean", ".3f"), ("p", "p", ".3f"),
                                  ("n_permutations", "relabellings", ".0f"), ("n_undefined", "undefined folds", ".0f"))
    ]  # fmt: skip
    base = alt.Chart(data)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["predictor", "baseline"]), legend=None)
    shape = alt.Scale(domain=["predictor", "baseline"], range=["circle", "diamond"])
    null = base.transform_filter("datum.null_mean !== null")
    band = null.mark_bar(style="missing", height=13).encode(
        x=alt.X("null_low:Q", scale=scale, title="mean Pearson r within a fold"), x2="null_high:Q", y=y, tooltip=tips
    )
    tick = null.mark_tick(style="quiet", size=13, thickness=1.5).encode(x="null_mean:Q", y=y)
    seen = base.transform_filter("datum.mean_r !== null")
    line = seen.mark_rule(strokeWidth=2).encode(x="mean_r_low:Q", x2="mean_r_high:Q", y=y, color=colour)
    dots = seen.mark_point(filled=True, size=60, opacity=1).encode(
        x="mean_r:Q", y=y, color=colour, tooltip=tips, shape=alt.Shape("kind:N", scale=shape, legend=None)
    )
    words = base.transform_filter("datum.mean_r === null").mark_text(align="left", dx=4, fontSize=10, style="quiet")
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(style="quiet").encode(x="zero:Q")
    lost = words.encode(x=alt.datum(0), y=y, text=alt.value("undefined"))
    return alt.layer(zero, band, tick, line, dots, lost).properties(height=20 * len(names))
