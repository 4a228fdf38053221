"""Do prediction intervals hold what they promise?"""

import altair as alt

from ...plots import rivals
from ..charts._panel import Figure, Panel, rows, spec
from ._section import SPLIT_NAMES, Section, Table, share, told

NAME, TITLE = "intervals", "Prediction intervals"
NEEDS = ("coverage",)
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross")


def section(setting, facts) -> Section:
    """Measured coverage of the split-conformal intervals, of the headline target."""
    table = setting.tables["coverage"]
    table = table[table.target == facts.target]
    return Section(NAME, TITLE, words(table), [_figure(table)], [_table(table)])


def words(table) -> list[str]:
    """Measured against promised, a split; the narrowest that keeps its promise."""
    found, top = [], table.level.max()
    for split in (s for s in SPLIT_NAMES if s in set(table.split)):
        mine = table[(table.split == split) & (table.level == top)]
        within = mine.groupby("predictor", sort=False).coverage.mean()
        if within.isna().all():
            found.append(
                f"{SPLIT_NAMES[split].capitalize()}: too few pairs to calibrate intervals that promise {share(top)}; none is "
                "bounded."
            )
            continue
        found.append(
            f"{SPLIT_NAMES[split].capitalize()}: intervals that promise {share(top)} hold {share(mine.coverage.mean())} of "
            f"pairs on average ({share(within.min())} to {share(within.max())} by predictor)."
        )
    mine = (
        table[(table.split == "loto") & (table.level == top)]
        .groupby("predictor", sort=False)[["coverage", "mean_width"]]
        .mean()
    )
    kept = mine[mine.coverage >= top - 0.03]
    if len(kept) and kept.mean_width.notna().any():
        name = kept.mean_width.idxmin()
        found.append(
            f"Of the {len(kept)} of {len(mine)} forecasts within three points of {share(top)} or above, {name} has the "
            f"narrowest intervals: {told(kept.mean_width[name], 3)} wide on average."
        )
    unbounded = int(table.n_unbounded.sum())
    if unbounded:
        found.append(
            f"{unbounded} of {unbounded + int(table.n.sum())} intervals are unbounded, for want of pairs to calibrate on, and "
            "stay out of these shares."
        )
    return found


def _figure(table) -> Figure:
    names, panels = list(rivals(table)), []
    labels = [share(level) for level in sorted(table.level.unique())]
    low = float(min(table.coverage.min() if table.coverage.notna().any() else 1, table.level.min() - 0.1)) - 0.02
    for split in (s for s in SPLIT_NAMES if s in set(table.split)):
        mine = table[table.split == split].groupby(["predictor", "level"], sort=False)[["coverage", "mean_width"]].mean()
        mine = mine.reset_index()
        mine["promised"] = mine.level.map(share)
        alternative = f"Measured coverage by predictor, {SPLIT_NAMES[split]}."
        panels.append(Panel(SPLIT_NAMES[split], spec(_chart(mine, names, labels, low), alternative)))
    return Figure(
        "coverage",
        "Measured coverage against what is promised",
        "Split-conformal intervals; a mark is the share of pairs inside their interval, mean over methods. Dashed: what is "
        "promised. Left of its line an interval promises too much.",
        f"{len(panels)} dot plots of coverage by predictor, one a split.",
        panels,
        least=290,
    )


def _chart(mine, names, labels, low):
    y = alt.Y("predictor:N", sort=names, scale=alt.Scale(domain=names), title=None, axis=alt.Axis(labelLimit=120, grid=True))
    scale = alt.Scale(domain=[low, 1], nice=False)
    legend = alt.Legend(title="promised", orient="top")
    colour = alt.Color("promised:N", scale=alt.Scale(domain=labels, range="category"), legend=legend)
    tips = [alt.Tooltip("predictor:N"), alt.Tooltip("promised:N"), alt.Tooltip("coverage:Q", format=".1%"),
            alt.Tooltip("mean_width:Q", title="mean width", format=".3f")]  # fmt: skip
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(labels))]
    lines = rows(mine[["promised", "level"]].drop_duplicates())
    return alt.layer(
        alt.Chart(lines).mark_rule(strokeDash=[4, 3]).encode(x=alt.X("level:Q", scale=scale), color=colour),
        alt.Chart(rows(mine)).mark_point(filled=True, size=50, opacity=1).encode(
            x=alt.X("coverage:Q", scale=scale, title="share of pairs inside", axis=alt.Axis(format="%", tickCount=5)),
            y=y,
            color=colour,
            tooltip=tips,
            shape=alt.Shape("promised:N", scale=alt.Scale(domain=labels, range=shapes)),
        ),
    ).properties(height=19 * len(names))  # fmt: skip


def _table(table) -> Table:
    keys = [(split, level) for split in SPLIT_NAMES if split in set(table.split) for level in sorted(table.level.unique())]
    mean = table.groupby(["predictor", "split", "level"])[["coverage", "mean_width"]].mean()
    lines = []
    for name, kind in rivals(table).items():
        cells = []
        for key in keys:
            one = mean.loc[(name, *key)] if (name, *key) in mean.index else None
            if one is not None and one.coverage == one.coverage:
                cells.append(f"{share(one.coverage)} · {told(one.mean_width, 3)}")
            else:
                cells.append("–")
        lines.append((kind, [name, *cells]))
    head = [("predictor", False), *((f"{SPLIT_NAMES[split]}, {share(level)}", True) for split, level in keys)]
    return Table(head, lines, "Measured coverage · mean width of the intervals that are bounded, mean over methods.")
