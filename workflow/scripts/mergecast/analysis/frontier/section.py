"""Which way to know how pairs merge is worth its cost, in words and as a table."""

from ...charts import number
from ...tables.reading import unique
from .._section import Section, Table
from .figure import draw

LARGE = 20  # checkpoints of which the sentences speak first


def section(setting) -> Section:
    """What is recommended for a library, and for one pair and one method; what each option reaches and costs."""
    table, costs = setting.tables["frontier"], setting.tables["unit_costs"]
    return Section(words(table, costs), [draw(setting)], [listed(table)])


def words(table, costs) -> list[str]:
    """The frontier of many checkpoints and methods, then that of one pair and one method; nothing dominated is named."""
    most = int(table.methods.max())
    large = table[(table.checkpoints == LARGE) & (table.methods == most)]
    small = table[(table.checkpoints == table.checkpoints.min()) & (table.methods == table.methods.min())]
    unit = dict(zip(costs.unit, costs.seconds, strict=True))
    said = [
        f"For {LARGE} new checkpoints and {most} methods: {_listed(large)}.",
        _measuring(large, f"{LARGE} checkpoints and {most} methods"),
        f"For one pair and one method: {_listed(small)}.",
        _measuring(small, "one pair and one method"),
        f"In this run {_merge(unit['merge'])} and an image's pass {number(1000 * unit['forward'], 2)} ms; the start of a job "
        "is in no number. All are scored on half of the test images, which no peek has seen.",
    ]
    return said


def _merge(seconds: float) -> str:
    return (
        f"a merge took {number(1000 * seconds, 0)} ms" if seconds >= 1e-3 else "merges took too little to be told from passes"
    )


def _listed(mine) -> str:
    best = mine[mine.on_frontier].sort_values("seconds")
    return "; ".join(f"{row.option}, Q² {number(row.q2)} for {_seconds(row.seconds)}" for row in best.itertuples())


def _measuring(mine, what: str) -> str:
    """Whether the forecast by features alone is on the frontier, beside measuring a few images."""
    forecast = mine[mine.option == "additive"].iloc[0]
    if forecast.on_frontier:
        return f"The forecast by features is worth its cost there: nothing as cheap is as good for {what}."
    better = mine[(mine.seconds <= forecast.seconds) & (mine.q2 >= forecast.q2) & (mine.option != forecast.option)]
    best = better.loc[better.q2.idxmax()]
    return (
        f"The forecast by features is not worth its cost there: {best.option} reaches Q² {number(best.q2)} for "
        f"{_seconds(best.seconds)}, it Q² {number(forecast.q2)} for {_seconds(forecast.seconds)}."
    )


def _seconds(value: float) -> str:
    return f"{value / 60:.0f} min" if value >= 600 else f"{value:.0f} s" if value >= 10 else f"{value:.2g} s"


def listed(table) -> Table:
    most, few = int(table.methods.max()), int(table.checkpoints.min())
    keys = dict.fromkeys([(few, 1), (LARGE, 1), (LARGE, most), (int(table.checkpoints.max()), most)])
    by, lines = table.set_index(["option", "checkpoints", "methods"]), []
    for option in unique(table.option):
        asked = [by.loc[(option, *key)] for key in keys]
        many = by.loc[(option, LARGE, most)]
        cells = [f"{_seconds(one.seconds)}{' *' if one.on_frontier else ''}" for one in asked]
        quality = [number(many.q2), number(many.mae, 3), f"{many.forwards:,}", f"{many.merges:,}"]
        lines.append(("", [option, *quality, *cells]))
    head = [("way to know", False), *((name, True) for name in ("Q²", "MAE", "passes", "merges")),
            *((f"{n} × {m}", True) for n, m in keys)]  # fmt: skip
    note = (
        f"Passes of an image and merges for {LARGE} new checkpoints and all methods; seconds for checkpoints × methods, * on "
        "the frontier. scaling: features of single checkpoints; additive: those and of pairs; n images: every pair merged and "
        "tested on n images of each task; K anchors: each checkpoint merged with K known ones, tested whole."
    )
    return Table(head, lines, note)
