"""Each kind of table a user may bring, in our layout or the published one, to one plain form.

Ours is what Mergecast itself writes to results/{setting}/tables. The published one is wide: a merge is one row with
acc_a, acc_b (and norm_acc_a, norm_acc_b, loss_a, loss_b, error), a subset one row with acc_0, acc_1, …; single-task
accuracies are the column acc_accs_json; calibration sizes the column n_calib. `where` names the table in errors;
`tasks` are all tasks, in order. Values may be missing here: what is complete is decided later.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ... import catalogue
from ...errors import MergecastError
from . import checks
from .checks import PAIR

PUBLISHED_SINGLES = "acc_accs_json"
TOLERANCE = 1e-3


def singles(table: pd.DataFrame, where: str) -> dict[str, float]:
    """The fine-tuned accuracy of every task, in the order of the table.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.

    Returns
    -------
    dict of float
        Accuracy by task, in (0, 1].

    Raises
    ------
    MergecastError
        For an accuracy that is missing, 0 or no share, a missing column, and a task that stands there twice or has no
        proper name.
    """
    column = PUBLISHED_SINGLES if PUBLISHED_SINGLES in table.columns else "fine_tuned_accuracy"
    checks.columns(table, where, "task", column)
    tasks = checks.names(table, where, "task", "task")
    checks.once(tasks.to_frame(), where, ["task"])
    accuracy = checks.numbers(table, where, [column], share=True)[column]
    for task, value in zip(tasks, accuracy, strict=True):
        if not value > 0:
            raise MergecastError(f"{where}: task {task!r}: {column} is missing or 0; give the accuracy, or remove the task")
    return dict(zip(tasks, map(float, accuracy), strict=True))


def metrics(table: pd.DataFrame, where: str, tasks: Sequence[str]) -> pd.DataFrame:
    """The metrics of every pair.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.
    tasks : sequence of str
        All tasks, in order.

    Returns
    -------
    DataFrame
        One row per pair (index task_a, task_b), one float column per metric.

    Raises
    ------
    MergecastError
        For a missing column, no metric, an unknown task, a pair that stands there twice or of a task with itself, and a text
        that is no number.
    """
    checks.columns(table, where, *PAIR)
    wanted = [column for column in table.columns if column not in PAIR]
    if not wanted:
        raise MergecastError(f"{where}: has no column beside task_a and task_b; add one column per metric")
    values = checks.pairs(table, where, tasks)[PAIR].join(checks.numbers(table, where, wanted))
    checks.once(values, where, PAIR)
    return values.set_index(PAIR)


def merges(table: pd.DataFrame, where: str, tasks: Sequence[str]) -> pd.DataFrame:
    """The merges of every pair.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.
    tasks : sequence of str
        All tasks, in order.

    Returns
    -------
    DataFrame
        One row per pair, method and task of the pair: `task_a, task_b, method, error, task, accuracy`, and, as far as they
        are given, `normalised_accuracy, loss` and, in our layout, `n_images`. `error` is None without that column.

    Raises
    ------
    MergecastError
        For a missing column, an unknown task or one that is not of the pair, a merge that stands there twice, and a value
        that is no number, or no share where an accuracy belongs.
    """
    wide = "task" not in table.columns
    checks.columns(table, where, *PAIR, "method", *(("acc_a", "acc_b") if wide else ("task", "accuracy")))
    method = checks.names(table, where, "method", "method")
    pairs = checks.pairs(table, where, tasks)
    common = pairs[PAIR].assign(method=method, error=table["error"] if "error" in table.columns else None)
    if wide:
        checks.once(common, where, [*PAIR, "method"])
        shares = _numbers(table, where, [f"{kind}_{side}" for kind in ("acc", "norm_acc") for side in "ab"], ("acc",))
        losses = _numbers(table, where, ["loss_a", "loss_b"])
        sides = []
        for side, other in (("a", "b"), ("b", "a")):
            values = {"accuracy": f"acc_{side}", "normalised_accuracy": f"norm_acc_{side}", "loss": f"loss_{side}"}
            scores = shares.join(losses)
            of_side = {name: scores[column] for name, column in values.items() if column in scores}
            task = pairs[f"task_{side}"].mask(pairs["swapped"], pairs[f"task_{other}"])
            sides.append(common.assign(task=task, **of_side))
        return pd.concat(sides, ignore_index=True)
    task = checks.names(table, where, "task", "task")
    for row, (a, b, one) in enumerate(zip(pairs["task_a"], pairs["task_b"], task, strict=True), start=1):
        if one not in (a, b):
            raise MergecastError(f"{where}: row {row}: task {one!r} is not one of the pair {a}__{b}; correct it")
    merged = common.assign(task=task)
    checks.once(merged, where, [*PAIR, "method", "task"])
    shares = _numbers(table, where, ["accuracy", "normalised_accuracy"], ("accuracy",))
    return merged.join(shares).join(_numbers(table, where, ["loss", "n_images"]))


def subsets(table: pd.DataFrame, where: str, tasks: Sequence[str]) -> pd.DataFrame:
    """The merges of every subset.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.
    tasks : sequence of str
        All tasks, in order.

    Returns
    -------
    DataFrame
        One row per method, subset and task of the subset: `method, subset, tasks` ("a|b|c" in task order), `task, accuracy`
        and, if given, `normalised_accuracy`.

    Raises
    ------
    MergecastError
        For a missing column, an unknown task or one that is not of the subset, subsets of several sizes, a subset of several
        sets of tasks, a merge that stands there twice, and a value that is no number, or no share where an accuracy belongs.
    """
    wide, order = "task" not in table.columns, {task: place for place, task in enumerate(tasks)}
    key = "subset_id" if wide else "subset"
    checks.columns(table, where, "method", key, "tasks", *(() if wide else ("task", "accuracy")))
    members = [_members(text, f"{where}: row {row}", tasks) for row, text in enumerate(table["tasks"], start=1)]
    sizes = {len(names) for names in members}
    if len(sizes) > 1:
        raise MergecastError(f"{where}: has subsets of {min(sizes)} and of {max(sizes)} tasks; bring those of one size")
    common = pd.DataFrame({"method": checks.names(table, where, "method", "method"), "subset": table[key].astype(str)})
    common["tasks"] = ["|".join(sorted(names, key=order.get)) for names in members]
    if (other := common.groupby("subset")["tasks"].nunique()).gt(1).any():
        raise MergecastError(f"{where}: subset {other.idxmax()} has other tasks in another row; give it one set of tasks")
    if not wide:
        merged = common.assign(task=checks.names(table, where, "task", "task"))
        for row, (names, task) in enumerate(zip(members, merged["task"], strict=True), start=1):
            if task not in names:
                raise MergecastError(f"{where}: row {row}: task {task!r} is not one of the subset; correct it")
        checks.once(merged, where, ["method", "subset", "task"])
        return merged.join(_numbers(table, where, ["accuracy", "normalised_accuracy"], ("accuracy",)))
    checks.once(common, where, ["method", "subset"])
    places = range(max(sizes, default=0))
    checks.columns(table, where, *(f"acc_{place}" for place in places))
    shares = _numbers(table, where, [f"{kind}_{place}" for kind in ("acc", "norm_acc") for place in places], ("acc",))
    rows = []
    for place in places:
        values = {"accuracy": f"acc_{place}", "normalised_accuracy": f"norm_acc_{place}"}
        of_place = {name: shares[column] for name, column in values.items() if column in shares}
        rows.append(common.assign(task=[names[place] for names in members], **of_place))
    return pd.concat(rows, ignore_index=True) if rows else common.assign(task=[], accuracy=[])


def calibration(table: pd.DataFrame, where: str, tasks: Sequence[str]) -> pd.DataFrame:
    """The metrics of every pair at several numbers of images.

    Parameters
    ----------
    table : DataFrame
    where : str
        How errors call the table.
    tasks : sequence of str
        All tasks, in order.

    Returns
    -------
    DataFrame
        One row per number of images and pair (columns n_images, task_a, task_b), one float column per metric.

    Raises
    ------
    MergecastError
        For a missing column, a number of images that is not whole or under 1, an unknown task, a row that stands there
        twice, and a text that is no number.
    """
    key = "n_calib" if "n_calib" in table.columns else "n_images"
    checks.columns(table, where, key, *PAIR)
    sizes = checks.numbers(table, where, [key])[key]
    for row, size in enumerate(sizes, start=1):
        if not (size >= 1 and size == int(size)):
            raise MergecastError(f"{where}: row {row}: {key} is {size:g}; give a whole number of images, 1 or more")
    wanted = [column for column in table.columns if column not in (key, *PAIR)]
    pairs = checks.pairs(table, where, tasks)[PAIR]
    pairs.insert(0, "n_images", sizes.astype(int))
    checks.once(pairs, where, ["n_images", *PAIR])
    return pairs.join(checks.numbers(table, where, wanted))


def normalise(table: pd.DataFrame, where: str, singles: dict[str, float]) -> pd.DataFrame:
    """The table with normalised_accuracy: accuracy over the task's fine-tuned accuracy, where it is not given.

    Parameters
    ----------
    table : DataFrame
        From `merges` or `subsets`.
    where : str
        How errors call the table.
    singles : dict of float
        Fine-tuned accuracy by task, above 0.

    Returns
    -------
    DataFrame

    Raises
    ------
    MergecastError
        Where what is given differs from that by more than 0.001, naming the row's pair or subset.
    """
    expected = table["accuracy"] / table["task"].map(singles)
    if "normalised_accuracy" not in table:
        return table.assign(normalised_accuracy=expected)
    off = (table["normalised_accuracy"] - expected).abs() > TOLERANCE
    if off.any():
        row = int(np.argmax(off.to_numpy()))
        named = table.iloc[row]
        whose = f"pair {named['task_a']}__{named['task_b']}" if "task_a" in table else f"subset {named['subset']}"
        raise MergecastError(
            f"{where}: {whose}, method {named['method']}, task {named['task']}: normalised accuracy is "
            f"{named['normalised_accuracy']:.4f}, but accuracy over the fine-tuned accuracy is {expected.iloc[row]:.4f}; "
            "correct one, or leave the column of normalised accuracies out"
        )
    return table.assign(normalised_accuracy=table["normalised_accuracy"].fillna(expected))


def _numbers(table: pd.DataFrame, where: str, wanted: Sequence[str], shares: tuple[str, ...] = ()) -> pd.DataFrame:
    """Those of the wanted columns that are there; columns whose name starts with one of `shares` must hold accuracies."""
    there = [column for column in wanted if column in table.columns]
    accuracies = [column for column in there if column.startswith(shares)] if shares else []
    others = [column for column in there if column not in accuracies]
    return checks.numbers(table, where, accuracies, share=True).join(checks.numbers(table, where, others))


def _members(text, where: str, tasks: Sequence[str]) -> list[str]:
    """The tasks of "a|b|c"."""
    names = [name.strip() for name in str(text).split("|")]
    for name in names:
        if name not in tasks:
            raise MergecastError(f"{where}: {catalogue.unknown('task', name, tasks)}")
    if len(names) < 2 or len(set(names)) < len(names):
        raise MergecastError(f"{where}: tasks is {text!r}; give two or more different tasks, set apart by '|'")
    return names
