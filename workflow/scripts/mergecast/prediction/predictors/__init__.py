"""Predictors: one module each, named after it, learning from the metrics of a pair."""
