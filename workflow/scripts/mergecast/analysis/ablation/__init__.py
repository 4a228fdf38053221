"""What a whole category of metrics is worth: the forecast without it, and with nothing else."""

ORDER = 140
TITLE = "Without a category, with only one"
TAKES = ("metrics", "merges", "directed")
USES = ("name", "tasks", "methods", "target", "predictor", "categories", "seed")
REFITS = ("analyst",)
RESOURCES = {"minutes": 60, "memory": 2000}
TABLES = ("ablation",)
