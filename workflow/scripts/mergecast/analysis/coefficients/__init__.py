"""What each predictor leans on: mean coefficients, and how often a metric is used."""

ORDER = 70
TITLE = "What the forecast leans on"
SHOWS = ("coefficients", "scores")
MISSED = False
