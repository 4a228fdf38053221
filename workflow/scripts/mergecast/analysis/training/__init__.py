"""Fine-tuning: the loss, and where the accuracy started and ended."""

ORDER = 200
TITLE = "Training curves"
SHOWS = ("checkpoints", "curves")
MISSED = False
