"""Is one setting's table of merges a copy of another's?"""

from itertools import combinations

import pandas as pd


def copies(merges: dict[str, pd.DataFrame]) -> list[str]:
    """One sentence for every setting whose merges are bit-identical to an earlier one's wherever both have one.

    Measured accuracies of different models agree here and there; if all of them do, one table is a copy of the other.

    Parameters
    ----------
    merges : dict of DataFrame
        By setting, rows of `task_a, task_b, method, task, accuracy`.

    Returns
    -------
    list of str
    """
    keyed = {setting: _keyed(table) for setting, table in merges.items()}
    sentences = {}
    for one, other in combinations(keyed, 2):
        both = pd.concat([keyed[one], keyed[other]], axis=1, join="inner").dropna().to_numpy()
        if other not in sentences and len(both) and (both[:, 0] == both[:, 1]).all():
            sentences[other] = (
                f"{other}: its merges are a copy of those of {one}: all {len(both)} accuracies that both have are "
                "bit-identical; nothing may be concluded from comparing the two"
            )
    return list(sentences.values())


def _keyed(table: pd.DataFrame) -> pd.Series:
    """Accuracy by (task, its partner, method), whichever of the two comes first in the table."""
    partner = table["task_b"].where(table["task"] == table["task_a"], table["task_a"])
    return pd.Series(table["accuracy"].to_numpy(), pd.MultiIndex.from_arrays([table["task"], partner, table["method"]]))
