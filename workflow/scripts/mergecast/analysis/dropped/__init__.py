"""What a setting of tables had to leave out, and why."""

ORDER = 190
TITLE = "What was left out"
SHOWS = ("dropped",)
MISSED = False
