"""Whether merge methods want the same of a pair."""

ORDER = 130
TITLE = "Do methods want the same?"
TAKES = ("coefficients",)
USES = ("target",)
TABLES = ("method_agreement",)


def drawn(setting):
    """There are several methods; the table of one is empty."""
    return len(setting["methods"]) > 1
