"""How much of a score is chance that forecasts and measurements share, in a sentence and by predictor."""

from ...charts import number
from ...tables.reading import unique
from .._section import Section, Table
from .table import MEASURED


def section(setting) -> Section:
    """Scores on images that nothing was learnt from, beside those on the same images."""
    table = setting.tables["split_half"]
    return Section(words(table), tables=[listed(table)])


def words(table) -> list[str]:
    """The best of them, and what measuring itself reaches."""
    mean = table.groupby("predictor", sort=False)[["q2", "q2_same"]].mean()
    forecasts = mean.drop(index=MEASURED)
    best = forecasts.q2.idxmax()
    return [
        f"Learnt on one half of each task's test images and scored on the other, {best} has Q² {number(forecasts.q2[best])}; "
        f"on the images that it was learnt from {number(forecasts.q2_same[best])}. The pair itself, measured on the one half, "
        f"has {number(mean.q2[MEASURED])} on the other."
    ]


def listed(table) -> Table:
    mean = table.groupby("predictor", sort=False)[["q2", "q2_same", "centred_r", "mae"]].mean()
    kinds = dict(zip(table.predictor, table.kind, strict=True))
    lines = [
        (kinds[name], [name, number(row.q2), number(row.q2_same), number(row.centred_r), number(row.mae, 3)])
        for name, row in mean.loc[unique(table.predictor)].iterrows()
    ]
    head = [("predictor", False), *((name, True) for name in ("Q², other images", "same images", "centred r", "MAE"))]
    return Table(head, lines, "Both tasks unseen; means over methods; centred r and MAE on the other images.")
