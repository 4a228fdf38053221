"""The merges of a study that are worth making next, in order."""

ORDER = 187
TITLE = "What to merge next"
TAKES = ("forecasts",)
TABLES = ("plan",)
MISSED = False
