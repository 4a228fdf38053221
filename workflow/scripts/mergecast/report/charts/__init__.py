"""Interactive charts: pure functions of a setting's tables that return Vega-Lite specifications, drawn by the page."""

from . import forecast, metrics, models, pairs
from ._panel import Figure


def figures(setting, facts) -> dict[str, Figure]:
    """Every figure of a setting by name, in the order of the page."""
    tables, categories = setting.headline, setting.categories
    found = [
        pairs.methods(facts, tables["merges"]),
        models.singles(tables["checkpoints"]),
        pairs.heatmaps(facts, tables["merges"]),
        forecast.predicted(facts, tables),
        forecast.folds(facts, tables),
        metrics.correlations(facts, tables, categories),
        metrics.scatter(facts, tables, categories),
    ]
    if tables["coefficients"].feature.isin(list(categories)).any():
        found.append(metrics.coefficients(facts, tables, categories))
    if setting.curves:
        found.append(models.training(setting.curves, tables["checkpoints"]))
    return {figure.name: figure for figure in found}


__all__ = ["Figure", "figures"]
