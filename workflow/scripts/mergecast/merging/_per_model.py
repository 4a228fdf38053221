"""Values given per model: a parameter that is one number for all, or a mapping from task to number."""

from collections.abc import Iterable, Mapping


def each(value: float | Mapping[str, float], tasks: Iterable[str]) -> dict[str, float]:
    """The value of every task."""
    return dict(value) if isinstance(value, Mapping) else dict.fromkeys(tasks, value)
