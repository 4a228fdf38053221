"""What a forecast is worth when it is learnt on some test images and scored on others."""

ORDER = 105
TITLE = "Learnt on some images, scored on others"
TAKES = ("correct", "merges", "checkpoints", "metrics", "traits", "pair_traits", "library")
USES = ("name", "tasks", "methods", "target", "predictors", "splits", "seed")
REFITS = ("all",)
RESOURCES = {"minutes": 120, "memory": 2000}
TABLES = ("split_half",)


def applies(setting):
    """The headline target is one value per pair that images give, and two tasks are left out."""
    return setting["target"] in ("normalised_accuracy", "accuracy") and "l2to" in setting["splits"]
