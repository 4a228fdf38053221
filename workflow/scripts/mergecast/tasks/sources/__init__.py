"""Where images come from: one module a source, each with `load(row, *, size, seed) -> Splits`."""
