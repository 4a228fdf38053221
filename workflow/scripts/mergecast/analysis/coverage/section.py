"""Whether the intervals hold what they promise, and how wide they have to be."""

from ...charts import SPLIT_NAMES, number, share
from ...tables.reading import rivals
from .._section import Section, Table
from .figure import draw


def section(setting) -> Section | None:
    """Measured coverage of the intervals around forecasts, of the headline target; None where there are none of it."""
    table = setting.tables["coverage"]
    table = table[table.target == setting.target]
    return Section(words(table), [draw(setting)], [listed(table)]) if len(table) else None


def words(table) -> list[str]:
    """Measured against promised, per split; the narrowest that keeps its promise."""
    sentences, top = [], table.level.max()
    for split in (s for s in SPLIT_NAMES if s in set(table.split)):
        mine = table[(table.split == split) & (table.level == top)]
        within = mine.groupby("predictor", sort=False).coverage.mean()
        if within.isna().all():
            sentences.append(
                f"{SPLIT_NAMES[split].capitalize()}: too few tasks for intervals that promise {share(top)}; none is given."
            )
            continue
        sentences.append(
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
        sentences.append(
            f"Of the {len(kept)} of {len(mine)} forecasts within three points of {share(top)} or above, {name} has the "
            f"narrowest intervals: {number(kept.mean_width[name], 3)} wide on average."
        )
    unbounded = int(table.n_unbounded.sum())
    if unbounded:
        sentences.append(
            f"{unbounded} of {unbounded + int(table.n.sum())} intervals are refused, and stay out of these shares: "
            f"{table.refused.dropna().iloc[0]}."
        )
    return sentences


def listed(table) -> Table:
    keys = [(split, level) for split in SPLIT_NAMES if split in set(table.split) for level in sorted(table.level.unique())]
    mean = table.groupby(["predictor", "split", "level"])[["coverage", "mean_width"]].mean()
    lines = []
    for name, kind in rivals(table).items():
        cells = []
        for key in keys:
            one = mean.loc[(name, *key)] if (name, *key) in mean.index else None
            if one is not None and one.coverage == one.coverage:
                cells.append(f"{share(one.coverage)} · {number(one.mean_width, 3)}")
            else:
                cells.append("–")
        lines.append((kind, [name, *cells]))
    head = [("predictor", False), *((f"{SPLIT_NAMES[split]}, {share(level)}", True) for split, level in keys)]
    return Table(head, lines, "Measured coverage · mean width of the intervals that are bounded, mean over methods.")
