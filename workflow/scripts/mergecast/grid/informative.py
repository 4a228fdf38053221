"""Which pairs to merge, if not all: those that teach most about the others."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ..seeding import seed_for

# Variance of noise over that of a task's effect, as kept and as other: the middle of what the forecaster chooses among.
KEEPS, HARMS = 3.0, 10.0


def informative(tasks: Sequence[str], count: int, *, seed: int) -> list[tuple[str, str]]:
    """The pairs after whose merges a mixed model of task effects is surest of all pairs, chosen one after the other.

    Of y_{a|b} = μ + α_a + β_b + ε with random α and β, the variance of a forecast depends on which pairs were measured, and
    not on what came out. Each step takes the pair that lowers the mean variance over all pairs most (Bayesian A-optimal
    design, Chaloner & Verdinelli 1995). Covariates are not looked at: nothing is measured yet when pairs are chosen, so the
    whole plan is known before any job starts.

    Parameters
    ----------
    tasks : sequence of str
    count : int
        From 1 to the number of pairs.
    seed : int
        Decides between pairs that teach alike, together with the names.

    Returns
    -------
    list of (str, str)
        In the order of choice, each pair in the order of `tasks`: a larger count adds pairs behind the others. It does not
        depend on the order of `tasks`.
    """
    names = sorted(tasks)
    mixed = [names[place] for place in np.random.default_rng(seed_for("measure", *names, seed=seed)).permutation(len(names))]
    pairs, n = list(combinations(range(len(mixed)), 2)), len(mixed)
    rows = np.zeros((len(pairs), 2, 2 * n + 1))
    for number, (a, b) in enumerate(pairs):
        for side, (kept, other) in enumerate(((a, b), (b, a))):
            rows[number, side, [0, 1 + kept, 1 + n + other]] = 1
    means = rows.mean(axis=1)
    covariance = np.diag(1 / np.concatenate([[1e-6], np.full(n, KEEPS), np.full(n, HARMS)]))
    spread = means.T @ means / len(pairs)
    chosen: list[int] = []
    for _ in range(count):
        seen = rows @ covariance  # (P, 2, D)
        noise = np.eye(2) + seen @ rows.transpose(0, 2, 1)
        gain = np.trace(np.linalg.solve(noise, seen @ spread @ seen.transpose(0, 2, 1)), axis1=1, axis2=2)
        gain[chosen] = -np.inf
        best = int(np.flatnonzero(gain >= gain.max() * (1 - 1e-9))[0])
        chosen.append(best)
        covariance = covariance - seen[best].T @ np.linalg.solve(noise[best], seen[best])
    order = list(tasks).index
    return [tuple(sorted((mixed[place] for place in pairs[number]), key=order)) for number in chosen]
