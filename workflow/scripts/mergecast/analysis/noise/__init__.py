"""How much of what is to be forecast is chance of which test images were drawn."""

ORDER = 25
TITLE = "What no forecast can know"
TAKES = ("correct",)
USES = ("target", "methods", "seed")
TABLES = ("noise",)


def applies(setting):
    """The headline target is one value per pair."""
    return setting["symmetric"]
