"""How well each pair merges: one heatmap per merge method."""

ORDER = 20
TITLE = "How well pairs merge"
SHOWS = ("merges",)
