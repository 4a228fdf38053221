"""Two heatmaps, method × method: share of metrics with the same sign, and of the five largest that both have."""

from ...charts import Cells, Figure, Panel, heatmap, number, share, spec
from ...tables.reading import require

TITLES = {"sign_agreement": "Same sign", "top5_overlap": "Shared among the top five"}


def draw(setting) -> Figure:
    """Of the predictor of the analyses. Raises MergecastError on an empty table: a single method has none to agree with."""
    columns = ["method_a", "method_b", "sign_agreement", "top5_overlap", "coefficient_r"]
    table = require(setting.of_analyst("method_agreement"), "method_agreement", "predictor", *columns)
    methods = list(dict.fromkeys([*table.method_a, *table.method_b]))
    place = {method: i for i, method in enumerate(methods)}
    turned = table.method_a.map(place) > table.method_b.map(place)  # a pair of methods may be written either way
    made = table[columns].copy()
    made.loc[turned, ["method_a", "method_b"]] = table.loc[turned, ["method_b", "method_a"]].to_numpy()
    panels = []
    for column, title in TITLES.items():
        chart = heatmap(
            made,
            Cells(
                "method_a",
                "method_b",
                column,
                xs=methods[:-1],
                ys=methods[1:],
                domain=(0, 1),
                title=title.lower(),
                tips=[("coefficient_r", "r of coefficients", ".2f")],
                row=24,
            ),
        )
        panels.append(Panel(title, spec(chart, f"{title}, of two methods; mean {number(made[column].mean())}.")))
    mean = made[list(TITLES)].mean()
    agreement = (
        f"signs agree on {share(mean.sign_agreement)} of metrics (half by chance), {number(5 * mean.top5_overlap, 1)} of the "
        "five largest are shared"
        if made.sign_agreement.notna().any()
        else "no two methods use a common metric (grey: undefined)"
    )
    return Figure(
        "agreement",
        "Coefficients of one method against another's",
        "Left: the share of metrics whose mean coefficients have the same sign. Right: the share of the five largest "
        f"coefficients that both have. {table.predictor.iloc[0]}, n = {len(made)} pairs of methods: {agreement}.",
        "Two heatmaps, method by method.",
        panels,
        least=max(150 + 32 * len(methods), 300),
        need=150 + 32 * len(methods),
        width=max(34 * (len(methods) - 1), 60),
    )
