"""What figures and the page read off the tables. Pandas only."""

import pandas as pd

from ..errors import MergecastError, require_columns
from ..prediction.design import DIRECTED, PAIR
from ..prediction.tables import EVERY


def require(table: pd.DataFrame, name: str, *columns: str) -> pd.DataFrame:
    """The table itself.

    Parameters
    ----------
    table : DataFrame
    name : str
        How errors call the table.
    *columns : str
        Columns that it must have.

    Returns
    -------
    DataFrame
        `table`, unchanged.

    Raises
    ------
    MergecastError
        If the table has no row or lacks a column.
    """
    require_columns(table.columns, f"table {name}", *columns)
    if table.empty:
        raise MergecastError(f"table {name}: has no row, so there is nothing to draw; select at least one pair and method")
    return table


def pair_values(merges: pd.DataFrame, column: str = "normalised_accuracy") -> pd.DataFrame:
    """One row per method × pair: the mean of a column over the pair's tasks.

    Parameters
    ----------
    merges : DataFrame
        The table "merges".
    column : str, default "normalised_accuracy"
        A column of `merges`, or "retained": the normalised accuracy of one task alone, the pair both ways round.

    Returns
    -------
    DataFrame
        Columns `method, task_a, task_b, value`, methods and pairs in the order of the table; of "retained", `task_a` is the
        task that is kept. `value` is in units of the column; NaN where that of one of the pair's tasks is undefined.

    Raises
    ------
    MergecastError
        If the table has no row or lacks a column.
    """
    if column in DIRECTED:
        column = "normalised_accuracy"
        require(merges, "merges", "task", "method", *PAIR, column)
        other = merges.task_b.where(merges.task == merges.task_a, merges.task_a)
        merges = merges.assign(task_a=merges.task, task_b=other)
    require(merges, "merges", "method", *PAIR, column)
    groups = merges.groupby(["method", *PAIR], sort=False)[column]
    return groups.apply(lambda values: values.mean(skipna=False)).rename("value").reset_index()


def headline(table: pd.DataFrame, name: str, target: str | None = None, split: str = "loto") -> pd.DataFrame:
    """The rows of a table of the forecast that are of one split and the setting's first target.

    Parameters
    ----------
    table : DataFrame
        Without a column `split`, its rows are of leave-one-task-out.
    name : str
        How errors call the table.
    target : str, optional
        The first of the table unless given.
    split : str, default "loto"

    Returns
    -------
    DataFrame

    Raises
    ------
    MergecastError
        If the table has no row or no column `target`, or nothing is left.
    """
    require(table, name, "target")
    target = target or table.target.iloc[0]
    mine = table[table.target == target]
    mine = mine[mine.split == split] if "split" in mine else mine
    if mine.empty:
        raise MergecastError(f"table {name}: has no row of target {target!r} under split {split!r}; make the table again")
    return mine


def hardest(table: pd.DataFrame) -> str:
    """The split that a forecast of new tasks is judged by.

    Parameters
    ----------
    table : DataFrame
        Of the forecast. Without a column `split`, its rows are of leave-one-task-out.

    Returns
    -------
    str
        "l2to", both tasks unseen, if it is there, else "loto".
    """
    return "l2to" if "split" in table and (table.split == "l2to").any() else "loto"


def rivals(table: pd.DataFrame) -> dict[str, str]:
    """Kind ("predictor", "baseline", …) of every predictor of a table, predictors first, baselines last.

    Parameters
    ----------
    table : DataFrame
        With the columns `predictor` and `kind`.

    Returns
    -------
    dict of str
        From predictor to kind.
    """
    order = table.drop_duplicates("predictor").sort_values("kind", ascending=False, kind="stable")
    return dict(zip(order.predictor, order.kind, strict=True))


def per_pair(predictions: pd.DataFrame) -> pd.DataFrame:
    """One value per pair, to be shown: with both tasks unseen where that was forecast, else the mean over its two folds.

    Of several targets only the first in the table is read: filter by `headline` for another.

    Parameters
    ----------
    predictions : DataFrame
        The table "predictions".

    Returns
    -------
    DataFrame
        Columns `method, predictor, task_a, task_b, measured, predicted`, the last two in units of the target.

    Raises
    ------
    MergecastError
        If the table has no row or lacks a column.
    """
    require(predictions, "predictions", "method", "predictor", *PAIR, "measured", "predicted")
    mine = headline(predictions, "predictions", split=hardest(predictions))
    groups = mine.groupby(["method", "predictor", *PAIR], sort=False)
    return groups[["measured", "predicted"]].mean().reset_index()


def tasks_by_merit(values: pd.DataFrame) -> list[str]:
    """Tasks from the one that merges best to the one that merges worst: mean value over methods and partners.

    Parameters
    ----------
    values : DataFrame
        From `pair_values`.

    Returns
    -------
    list of str
    """
    long = pd.concat([values[[task, "value"]].rename(columns={task: "task"}) for task in PAIR])
    return list(long.groupby("task", sort=False).value.mean().sort_values(ascending=False, kind="stable").index)


def only_measured(ranking: pd.DataFrame) -> dict[str, str]:
    """What is shown of subsets where no Spearman is defined: the measured pairs, or else the first there is, with its kind.

    Parameters
    ----------
    ranking : DataFrame
        The table "subset_ranking", not empty.

    Returns
    -------
    dict of str
        From that predictor to its kind.
    """
    shown = ranking[ranking.kind == "measured"] if (ranking.kind == "measured").any() else ranking
    return {shown.predictor.iloc[0]: shown.kind.iloc[0]}


def unique(column: pd.Series) -> list[str]:
    """Distinct values in the order they first appear.

    Parameters
    ----------
    column : Series

    Returns
    -------
    list of str
    """
    return list(dict.fromkeys(column))


def by_category(categories: dict[str, str], present) -> list[str]:
    """The features of `categories` that are `present`, in the order of `categories`; others are left out.

    Parameters
    ----------
    categories : dict of str
        Category by feature.
    present : iterable of str

    Returns
    -------
    list of str
    """
    present = set(present)
    return [name for name in categories if name in present]


def mean_coefficients(coefficients: pd.DataFrame, categories: dict[str, str]) -> pd.DataFrame:
    """One row per predictor × method × metric: what its coefficient is over folds.

    Parameters
    ----------
    coefficients : DataFrame
        The table "coefficients"; of several targets only the first is read, under leave-one-task-out.
    categories : dict of str
        Category by metric; features outside are left out.

    Returns
    -------
    DataFrame
        Columns `predictor, method, feature, mean, share`: the mean coefficient over folds, and the share of folds where it
        is not zero, in [0, 1].

    Raises
    ------
    MergecastError
        If the table has no row or lacks a column, or nothing is left.
    """
    require(coefficients, "coefficients", "method", "predictor", "feature", "coefficient")
    mine = headline(coefficients, "coefficients")
    known = mine[mine.feature.isin(list(categories))]
    if known.empty:
        raise MergecastError("table coefficients: none of its features is a known metric; give the metrics' categories")
    groups = known.groupby(["predictor", "method", "feature"], sort=False).coefficient
    return groups.agg(mean="mean", share=lambda values: float((values != 0).mean())).reset_index()


def leader(scores: pd.DataFrame, kind: str) -> str | None:
    """The predictor of a kind ("predictor", "baseline") whose Q², averaged over methods, is highest.

    One that is undefined for any method comes after all that are defined everywhere.

    Parameters
    ----------
    scores : DataFrame
        The table "scores", of one split and target.
    kind : str

    Returns
    -------
    str or None
        None if that kind is not there.

    Raises
    ------
    MergecastError
        If the table has no row or lacks a column.
    """
    require(scores, "scores", "predictor", "kind", "method", "q2")
    mine = scores[scores.kind == kind]
    if mine.empty:
        return None
    groups = mine.groupby("predictor", sort=False).q2
    rank = pd.DataFrame({"undefined": groups.apply(lambda q2: q2.isna().any()), "mean": groups.mean()})
    return rank.sort_values(["undefined", "mean"], ascending=[True, False], kind="stable", na_position="last").index[0]


def against(comparisons: pd.DataFrame, predictor: str | None, rival: str | None, score: str = "q2") -> tuple[float, ...]:
    """How far a predictor is ahead of a baseline, mean over methods.

    Parameters
    ----------
    comparisons : DataFrame
        The table "comparisons", of one split and target.
    predictor, rival : str or None
    score : str, default "q2"

    Returns
    -------
    (float, float, float)
        The difference and its 95 % interval, in units of the score; NaN where the two are not compared.
    """
    names = {"predictor": predictor, "rival": rival, "method": EVERY, "score": score}
    rows = comparisons[(comparisons[list(names)] == pd.Series(names)).all(axis=1)]
    return tuple(float(rows[column].iloc[0]) if len(rows) else float("nan") for column in ("difference", "low", "high"))


def best(table: pd.DataFrame, column: str, kind: str | None = None) -> tuple[str, float] | None:
    """The predictor (of a kind) with the highest mean of `column` over methods, defined for all, and that mean.

    Parameters
    ----------
    table : DataFrame
        With the columns `predictor`, `kind` and `column`.
    column : str
    kind : str, optional
        Any kind unless given.

    Returns
    -------
    tuple of str and float, or None
        None if no predictor of the kind is defined for all methods.
    """
    mine = table if kind is None else table[table.kind == kind]
    groups = mine.groupby("predictor", sort=False)[column]
    mean = groups.mean()[groups.apply(lambda values: values.notna().all())]
    return (mean.idxmax(), float(mean.max())) if len(mean) else None


def strongest(correlations: pd.DataFrame) -> tuple[str, float] | None:
    """The metric whose r with the target is strongest on average over methods, and that r.

    Parameters
    ----------
    correlations : DataFrame
        The table "correlations".

    Returns
    -------
    tuple of str and float, or None
        The mean r, in [−1, 1]; None if r is undefined throughout.
    """
    mean = correlations.groupby("metric", sort=False).pearson.mean().dropna()
    return (mean.abs().idxmax(), float(mean[mean.abs().idxmax()])) if len(mean) else None


def plain(value) -> float | None:
    """A number as JSON has it.

    Parameters
    ----------
    value : number or None

    Returns
    -------
    float or None
        None where the number is undefined.
    """
    return None if pd.isna(value) else float(value)
