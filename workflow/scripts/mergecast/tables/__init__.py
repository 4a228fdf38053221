"""Tidy tables: those of what was measured (`measured`), and those made elsewhere (`external`)."""

from .measured import CHECKPOINTS, DIRECTED, MERGES, SUBSETS, by_name, checkpoints, directed, merges, metrics, read, subsets

__all__ = ["CHECKPOINTS", "DIRECTED", "MERGES", "SUBSETS"]
__all__ += ["by_name", "checkpoints", "directed", "merges", "metrics", "read", "subsets"]
