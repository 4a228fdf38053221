"""How well the value of a group follows from its pairs, on the groups that were merged."""

ORDER = 186
TITLE = "Planning larger groups"
TAKES = ("predictions", "subsets", "merges")
USES = ("target",)
TABLES = ("planner_groups",)


def applies(setting):
    """The headline target is normalised accuracy, two tasks are left out, and a forecaster of covariates is there."""
    there = bool({"mixed", "directed_ridge"} & {*setting["predictors"]})
    return setting["target"] == "normalised_accuracy" and "l2to" in setting["splits"] and there
