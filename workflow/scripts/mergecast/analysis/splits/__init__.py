"""The same forecasts where less is known: two tasks unseen, half of the tasks unseen."""

ORDER = 90
TITLE = "Harder splits"
SHOWS = ("scores", "folds")


def applies(setting):
    """There are several splits to hold against each other."""
    return len(setting["splits"]) > 1
