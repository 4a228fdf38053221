"""Whether the forecast leans on the same metrics, with the same sign, whichever task is held out."""

ORDER = 120
TITLE = "Do the coefficients hold still?"
TAKES = ("coefficients",)
USES = ("target",)
TABLES = ("stability",)
