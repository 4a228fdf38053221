"""What merging in the order of a plan would have found on the measured grid, against other orders."""

ORDER = 185
TITLE = "Planning which merges to try"
TAKES = ("predictions", "coverage")
USES = ("name", "target", "bootstrap", "seed")
TABLES = ("planner",)


def applies(setting):
    """The headline target is one value per pair, two tasks are left out, and one of the forecasters of covariates is there."""
    return setting["symmetric"] and "l2to" in setting["splits"] and bool({"mixed", "directed_ridge"} & {*setting["predictors"]})
