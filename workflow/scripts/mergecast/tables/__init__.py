"""Tidy tables: those of what was measured (`measured`), and those made elsewhere (`external`)."""

from .measured import (
    CHECKPOINTS,
    CORRECT,
    DIRECTED,
    FINE_TUNED,
    MERGES,
    SUBSETS,
    by_name,
    checkpoints,
    correct,
    directed,
    merges,
    metrics,
    read,
    subsets,
    timings,
    twins,
)

__all__ = ["CHECKPOINTS", "CORRECT", "DIRECTED", "FINE_TUNED", "MERGES", "SUBSETS"]
__all__ += ["by_name", "checkpoints", "correct", "directed", "merges", "metrics", "read", "subsets", "timings", "twins"]
