"""What a forecast knows of a pair beyond its two tasks."""

ORDER = 87
TITLE = "Beyond the two tasks"
TAKES = ("predictions",)
USES = ("name", "target", "seed")
TABLES = ("interaction",)


def applies(setting):
    """The headline target is one value per pair, and two tasks are left out."""
    return setting["symmetric"] and "l2to" in setting["splits"]
