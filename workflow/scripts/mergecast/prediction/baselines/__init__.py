"""Baselines: what must be beaten before a metric can be said to forecast anything. One module each."""
