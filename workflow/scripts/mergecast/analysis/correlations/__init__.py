"""How closely each metric alone follows the target."""

ORDER = 60
TITLE = "The metrics"
TAKES = ("metrics", "merges", "directed")
USES = ("name", "tasks", "methods", "target", "permutations", "seed")
TABLES = ("correlations",)
SHOWS = ("correlations", "metrics", "merges")
