"""Whether two settings lean on the same metrics."""

ORDER = 220
TITLE = "Do settings want the same?"
SCOPE = "across"
TAKES = ("coefficients",)
USES = ("target", "predictor")
TABLES = ("setting_agreement",)
