"""Trained on one setting, tested on another."""

ORDER = 210
TITLE = "From one setting to another"
SCOPE = "across"
TAKES = ("metrics", "merges", "directed", "traits", "pair_traits", "library")
USES = ("name", "tasks", "methods", "target", "predictor", "seed")
REFITS = ("analyst", "directed_ridge")
RESOURCES = {"minutes": 60, "memory": 2000}
TABLES = ("transfer",)
