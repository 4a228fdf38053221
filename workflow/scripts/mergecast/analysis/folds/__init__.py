"""How good the forecast is, fold by fold, beside its baselines."""

ORDER = 50
TITLE = "Fold by fold"
SHOWS = ("folds", "scores")
