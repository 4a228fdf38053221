"""Whether prediction intervals hold what they promise."""

ORDER = 110
TITLE = "Prediction intervals"
SHOWS = ("coverage",)
