"""The plan of pairs, as far as a page shows it."""

from collections.abc import Mapping

import pandas as pd

from ...planning import plan

COLUMNS = ["step", "task_a", "task_b", "method", "forecast", "low_0.8", "high_0.8", "gain"]
STEPS = 50


def make(tables: Mapping[str, pd.DataFrame], setting: Mapping) -> dict[str, pd.DataFrame]:
    """The first 50 steps of `planning.plan`, the pair in two columns; without a row where every pair is measured."""
    forecasts = tables["forecasts"]
    if forecasts["measured"].notna().all():
        return {"plan": pd.DataFrame(columns=COLUMNS)}
    made = plan(forecasts, STEPS).table
    sides = pd.DataFrame(made["tasks"].tolist(), columns=["task_a", "task_b"], index=made.index)
    return {"plan": made.join(sides)[COLUMNS]}
