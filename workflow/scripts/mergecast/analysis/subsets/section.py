"""The best predictor against the best baseline, and against what measured pairs could do."""

from ...charts import interval, number
from ...tables.reading import best, rivals, unique
from .._section import Section, Table
from .figure import KINDS, draw


def section(setting) -> Section:
    """A scatter per method for the best of each kind, and all in a table."""
    ranking = setting.tables["subset_ranking"]
    return Section(words(ranking), [draw(setting)], [listed(ranking, unique(ranking.method))])


def words(ranking) -> list[str]:
    """The best predictor against the best baseline and what measured pairs could do."""
    size, n = int(ranking["size"].max()), int(ranking.n_subsets.max())
    predictor, baseline, ceiling = (best(ranking, "spearman", kind) for kind in KINDS)
    sentences = []
    if predictor:
        rival = f"; the best baseline, {baseline[0]}, {number(baseline[1])}" if baseline else ""
        sentences.append(
            f"{n} random sets of {size} tasks were merged at once. Scored by the mean of its pairs' forecasts, the order of "
            f"sets under {predictor[0]} has a Spearman of {number(predictor[1])} with the measured merges (mean over "
            f"methods){rival}."
        )
    if ceiling:
        sentences.append(f"Even the measured pairs, were they known, reach {number(ceiling[1])}.")
    if not sentences:
        sentences.append(
            f"{n} random set{'s' if n > 1 else ''} of {size} tasks {'were' if n > 1 else 'was'} merged at once. No Spearman is "
            "defined under every method, so nothing can be said of their order."
        )
    missing = int(ranking.n_pairs_missing.max())
    if missing:
        sentences.append(f"{missing} pairs of these sets have no forecast and are left out of the means.")
    return sentences


def listed(ranking, methods) -> Table:
    by, lines = ranking.set_index(["predictor", "method"]), []
    for name, kind in rivals(ranking).items():
        cells = []
        for method in methods:
            if (name, method) not in by.index:
                cells.append("–")
                continue
            row = by.loc[(name, method)]
            cells.append(_spearman(row))
        lines.append((kind, [name, kind, number(ranking.loc[ranking.predictor == name, "spearman"].mean()), *cells]))
    head = [("predictor", False), ("kind", False), ("mean ρ", True), *((method, True) for method in methods)]
    return Table(head, lines, "Spearman ρ between scores and measured merges, with 95 % bootstrap interval.")


def _spearman(row) -> str:
    """With its interval, where it has one."""
    if row.spearman != row.spearman:
        return "–"
    bounds = interval(row.spearman_low, row.spearman_high)
    return number(row.spearman) + (f" {bounds}" if bounds != "–" else "")
