"""What choosing the merge method by forecast would cost or gain."""

ORDER = 180
TITLE = "Choosing the method by forecast"
TAKES = ("predictions",)
USES = ("target",)
TABLES = ("selection",)


def applies(setting):
    """There are methods to choose from, and the headline target is one value per pair."""
    return setting["symmetric"] and len(setting["methods"]) > 1
