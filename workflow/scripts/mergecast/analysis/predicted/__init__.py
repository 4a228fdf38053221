"""Forecast against measurement."""

ORDER = 40
TITLE = "The forecast"
SHOWS = ("predictions", "scores")
