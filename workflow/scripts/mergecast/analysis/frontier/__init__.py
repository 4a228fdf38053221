"""What a forecast costs and how good it is, beside measuring: merging a pair and testing it on a few images."""

ORDER = 85
TITLE = "When is a forecast cheaper than measuring?"
TAKES = ("merges", "checkpoints", "correct", "traits", "pair_traits", "library", "timings")
USES = ("name", "tasks", "methods", "target", "symmetric", "seed", "images")
REFITS = ("directed_ridge", "mixed", "train_mean")
RESOURCES = {"minutes": 60, "memory": 2000}
TABLES = ("frontier", "unit_costs")


def applies(setting):
    """The headline target is normalised accuracy, and there are tasks enough to leave two out."""
    return setting["target"] == "normalised_accuracy" and len(setting["tasks"]) >= 6
