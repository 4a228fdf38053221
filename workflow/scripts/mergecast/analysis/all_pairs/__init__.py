"""Every pair in a table, measured and forecast."""

ORDER = 30
TITLE = "All pairs"
SHOWS = ("merges", "predictions", "scores")
