"""Which metrics greedy selection keeps, forward and reverse, and how far they go."""

ORDER = 150
TITLE = "Greedy selection of metrics"
TAKES = ("metrics", "merges", "directed")
USES = ("tasks", "methods", "target")
RESOURCES = {"minutes": 60, "memory": 2000}
TABLES = ("greedy", "greedy_metrics")
