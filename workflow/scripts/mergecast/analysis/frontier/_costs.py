"""What each way to know how a pair merges costs: passes of images through models, merges, seconds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import nnls

SIZES = (2, 10, 20, 100)  # checkpoints that are to be forecast
UNITS = ("job", "checkpoint", "merge", "forward")


@dataclass(frozen=True)
class Option:
    """A way to know: how many passes of an image it takes, with n images of each task, and how many merges.

    `own`: passes of each checkpoint's own images; `cross`: of the images of each other checkpoint's task; `anchors`: merges of
    each checkpoint with known ones, by each method, tested whole; `peek`: images of either task on which each merge is tested,
    of every pair by each method; 0 where none is made.
    """

    name: str
    own: int = 0
    cross: int = 0
    anchors: int = 0
    peek: int = 0

    def forwards(self, n: int, methods: int, images: float, test: float) -> float:
        """Passes of an image for n checkpoints and so many methods.

        Parameters
        ----------
        n, methods : int
        images, test : float
            Validation and test images of a task, in the mean.

        Returns
        -------
        float
        """
        measured = 2 * self.peek * self.merges(n, methods) if self.peek else 2 * test * self.merges(n, methods)
        return n * images * (self.own + self.cross * (n - 1)) + measured

    def merges(self, n: int, methods: int) -> int:
        """Merges for n checkpoints and so many methods.

        Parameters
        ----------
        n, methods : int

        Returns
        -------
        int
        """
        pairs = n * (n - 1) // 2 if self.peek else 0
        return methods * (pairs + n * self.anchors)


def unit_costs(timings: pd.DataFrame) -> dict[str, float]:
    """Seconds of a job's start, of a checkpoint read, of a merge and of an image's pass, as they fit the run's jobs best.

    Parameters
    ----------
    timings : DataFrame

    Returns
    -------
    mapping from unit to float
        The least squares fit of the seconds of jobs that pass images through a model, none below 0, jobs weighed by the
        inverse of their seconds.
    """
    timings = timings[timings["forwards"] > 0]
    counts = np.column_stack([np.ones(len(timings)), timings[["checkpoints", "merges", "forwards"]].to_numpy(dtype=float)])
    seconds = np.maximum(timings["seconds"].to_numpy(dtype=float), 1e-3)
    scale = np.maximum(counts.max(axis=0), 1e-300)
    solution, _ = nnls(counts / scale / seconds[:, None], np.ones(len(seconds)))
    return dict(zip(UNITS, (solution / scale).tolist(), strict=True))
