"""Task effects and all metrics together: what metrics add to knowing how well the tasks of a pair merge with others."""

from .. import _blocks

INPUTS = "tasks and metrics"
COEFFICIENTS = True


def make(*, effects=(0.1, 1.0, 10.0), metrics=(1.0, 10.0, 100.0, 1000.0), cv, outputs, tasks, features):
    """y ≈ β₀ + β_a + β_b + β·metrics, indicators and standardised metrics with a strength out of theirs."""
    indicators = {*tasks, *(f"{role} {task}" for role in ("kept", "other") for task in tasks)}
    blocks = {
        "effects": [place for place, name in enumerate(features) if name in indicators],
        "metrics": [place for place, name in enumerate(features) if name not in indicators],
    }
    return _blocks.BlockRidge(blocks, {"effects": effects, "metrics": metrics}, ("metrics",), outputs, cv)


def explain(model):
    """Effects and coefficients on the standardised metrics, in units of the target, and the strengths chosen."""
    return model.coef_, _blocks.chosen(model)
