"""The covariates of `directed_ridge` and an effect of each task, as kept and as other, drawn at random: a mixed model."""

from .. import _blocks

INPUTS = "traits"
COEFFICIENTS = True


def make(
    *,
    kept=("scaling_0.3", "scaling_0.5"),
    other=("harm_log_ratio",),
    pair=("additive_ratio", "additive_log_ratio"),
    covariates=(3.0, 10.0, 30.0, 100.0),
    keeps=(1.0, 10.0),
    harms=(3.0, 30.0),
    cv,
    outputs,
    features,
):
    """y_{a|b} = β₀ + β·x + α_a + β_b + ε, α and β random: what a task is known to keep and to harm adds to its covariates.

    A task that is in no training row has the effects 0 and is forecast by its covariates alone. The variances of
    coefficients, α and β are chosen as ratios σ²_ε / σ²: `covariates`, `keeps` and `harms`, by `cv` inside the training fold,
    since the likelihood of the training rows trusts covariates too much for tasks that it has not seen. Mean over methods and
    deviations from it have their own, so that effects are shared by methods as far as methods agree.
    """
    strengths = {"covariates": covariates, "keeps": keeps, "harms": harms}
    return _blocks.mixed({"kept": kept, "other": other, "pair": pair}, strengths, features, outputs, cv)


def explain(model):
    """Coefficients on the covariates as scaled and the effects of tasks, in units of the target; the ratios chosen."""
    return model.coef_, _blocks.chosen(model)
