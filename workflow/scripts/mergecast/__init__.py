"""Mergecast: forecast how well fine-tuned models will merge, before merging them."""

__version__ = "0.1.0"
