"""Read what the page shows of one setting from its folder of results."""

from pathlib import Path

from .. import tables
from ..analysis.declared import EXPLORED, everything
from ..tables.setting import Setting

# The summary needs these of every setting; others are there as far as analyses made them.
TABLES = ("checkpoints", "metrics", "merges", "predictions", "folds", "scores", "comparisons", "coefficients", "correlations")
PLANNED = ("plan", "planner")  # what to merge next, and how well planning did on what was measured


def read_setting(
    folder, *, configuration=None, metrics_info=(), methods_info=(), predictors_info=(), names=None, curves=None
) -> Setting:
    """The setting in `folder` (results/{setting}): its tables in tables/, its curves in curves/, in order of tasks.

    Without `names` and `curves`, all that are there and that an analysis or the explorer shows are read, which may be left from
    an earlier configuration. An analysis that was not asked for has no table, and no section on the page.

    Parameters
    ----------
    folder : Path or str
    configuration : mapping, optional
    metrics_info, methods_info, predictors_info : sequence of mapping
        As in `Setting`.
    names : collection of str, optional
        Which further tables to read, by their stems.
    curves : collection of str, optional
        Of which tasks.

    Returns
    -------
    Setting

    Raises
    ------
    MergecastError
        When one of `TABLES`, or a table or curve that is named, is missing or is not CSV.
    """
    folder = Path(folder)
    by_name = {name: tables.read(folder / "tables" / f"{name}.csv") for name in TABLES}
    further = [*(table for analysis in everything().values() for table in analysis.shows), *EXPLORED, *PLANNED]
    shown = {table: folder / "tables" / f"{table}.csv" for table in further if table != "curves"}
    by_name |= {name: tables.read(path) for name, path in shown.items() if name not in by_name and _asked(path, names)}
    paths = [folder / "curves" / f"{task}.csv" for task in by_name["checkpoints"].task]
    read = {path.stem: tables.read(path) for path in paths if _asked(path, curves)}
    return Setting(folder.name, by_name, read, configuration or {}, metrics_info, methods_info, predictors_info)


def stems(paths, folder) -> set[str]:
    """Names of those of the files that lie in a folder.

    Parameters
    ----------
    paths : iterable of Path or str
    folder : Path

    Returns
    -------
    set of str
        Without folder and suffix.
    """
    return {path.stem for path in map(Path, paths) if path.parent == folder}


def _asked(path, names) -> bool:
    """Whether a file is one of those named; without names, whether it is there."""
    return path.exists() if names is None else path.stem in names
