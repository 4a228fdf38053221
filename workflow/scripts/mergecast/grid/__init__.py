"""The grid of pairs: how it is cut into tiles, and random subsets of its tasks. Pure functions of names."""
