"""Ridge regression on what each checkpoint keeps and does to others, measured without any merge."""

from .. import _blocks

INPUTS = "traits"
COEFFICIENTS = True


def make(
    *,
    kept=("scaling_0.3", "scaling_0.5"),
    other=("harm_log_ratio",),
    pair=("additive_ratio", "additive_log_ratio"),
    strengths=(1.0, 10.0, 100.0),
    cv,
    outputs,
    features,
):
    """y_{a|b} ≈ β₀ + β_kept·x_a + β_other·x_b + β_pair·x_ab, one strength for each block, all methods together.

    `kept`, `other`, `pair`: traits of the task that is kept, of the other, and of the oriented pair. `strengths`: the α to
    choose from for each block. A pair's forecast is the mean over both its orientations.
    """
    named = {"kept": kept, "other": other, "pair": pair}
    blocks = {role: _blocks.places(features, [f"{role} {name}" for name in names]) for role, names in named.items() if names}
    return _blocks.BlockRidge(blocks, dict.fromkeys(blocks, strengths), tuple(blocks), outputs, cv)


def explain(model):
    """Coefficients on the covariates as scaled, in units of the target, and the strengths chosen."""
    return model.coef_, _blocks.chosen(model)
