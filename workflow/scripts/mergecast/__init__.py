"""Mergecast: forecast how well fine-tuned models will merge, before merging them.

What is public, and keeps its meaning within a major version: the names of `__all__`, the commands of `mergecast`, and the
keys, files and tables that config/README.md and README.md name.
"""

__version__ = "0.2.0"
__all__ = [
    "Forecast",
    "MergecastError",
    "Plan",
    "Study",
    "export",
    "forecast",
    "load_study",
    "merge",
    "merge_recipe",
    "metrics",
    "plan",
]
_WHERE = {
    "MergecastError": "errors",
    "Plan": "planning",
    "Study": "forecasting.study",
    "load_study": "forecasting.study",
}  # others are in `api`


def __getattr__(name: str):
    """What is public is imported when it is asked for: it takes no second, and no result depends on all of it."""
    import importlib

    if name == "metrics":  # a package that can be called
        return importlib.import_module(".metrics", __name__)
    if name in __all__:
        return getattr(importlib.import_module(f".{_WHERE.get(name, 'api')}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
