"""The fine-tuned models by themselves."""

ORDER = 10
TITLE = "The single models"
SHOWS = ("checkpoints",)
