"""What the forecast says about metrics, methods, merges of more tasks and other settings: one module an analysis."""
