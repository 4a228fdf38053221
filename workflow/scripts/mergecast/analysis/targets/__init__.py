"""The same forecasts of different targets: what raw accuracy hides."""

ORDER = 100
TITLE = "What is forecast matters"
SHOWS = ("scores",)


def applies(setting):
    """There are several targets to hold against each other."""
    return len(setting["targets"]) > 1
