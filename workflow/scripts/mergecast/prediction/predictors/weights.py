"""What weights alone say, for checkpoints without images: how far each was moved, and an effect of each task that is known."""

from .. import _blocks

INPUTS = "traits"
COEFFICIENTS = True


def make(
    *,
    kept=("length_whole",),
    other=("length_whole",),
    covariates=(10.0, 30.0, 100.0, 300.0),
    keeps=(1.0, 10.0),
    harms=(3.0, 30.0),
    cv,
    outputs,
    features,
):
    """`mixed` with lengths of task vectors for covariates: y_{a|b} = β₀ + β_kept·log‖τ_a‖ + β_other·log‖τ_b‖ + α_a + β_b + ε.

    Of two tasks that were never merged it knows hardly more than the mean; its scores say so.
    """
    strengths = {"covariates": covariates, "keeps": keeps, "harms": harms}
    return _blocks.mixed({"kept": kept, "other": other}, strengths, features, outputs, cv)


def explain(model):
    """Coefficients on the lengths as scaled and the effects of tasks, in units of the target; the ratios chosen."""
    return model.coef_, _blocks.chosen(model)
