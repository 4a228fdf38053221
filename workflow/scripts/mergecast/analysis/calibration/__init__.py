"""How many calibration images the metrics that look at images need."""

ORDER = 160
TITLE = "How many images are enough?"
TAKES = ("calibration_metrics", "merges")
USES = ("target",)
TABLES = ("calibration",)


def applies(setting):
    """The headline target is one value per pair."""
    return setting["symmetric"]
