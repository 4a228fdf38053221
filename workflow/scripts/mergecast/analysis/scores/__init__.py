"""Every predictor and baseline, its interval, and what chance alone reaches."""

ORDER = 80
TITLE = "Scores, baselines and chance"
SHOWS = ("scores", "comparisons")
