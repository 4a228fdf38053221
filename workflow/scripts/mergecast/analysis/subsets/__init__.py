"""Whether forecasts of pairs rank merges of more than two models."""

ORDER = 170
TITLE = "Merges of more than two"
TAKES = ("predictions", "subsets", "merges")
USES = ("target", "bootstrap", "seed")
TABLES = ("subset_ranking", "subset_scores")


def applies(setting):
    """The headline target is one value per pair."""
    return setting["symmetric"]
