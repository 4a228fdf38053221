"""How good a model is on test images: alone (`accuracy`) and merged (`merge_quality`), in batches read ahead (`loading`)."""

from .accuracy import evaluate, normalised_accuracy

__all__ = ["evaluate", "normalised_accuracy"]
