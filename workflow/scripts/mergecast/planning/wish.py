"""What a merge must be like to be asked for: tasks in it or not, methods, and how much of a task it keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .. import catalogue
from ..errors import MergecastError
from .candidates import Candidates


@dataclass(frozen=True)
class Wish:
    """`keep`: of a task, where it is in the merge, at least this much. `including`, `without`: tasks that must, must not be in
    it. `methods`: these alone; empty: all."""

    keep: Mapping[str, float] = field(default_factory=dict)
    including: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    def check(self, known: Candidates, size: int) -> None:
        """Whether a study can answer it.

        Parameters
        ----------
        known : Candidates
            Whose tasks and methods may be named.
        size : int
            Models of a merge.

        Raises
        ------
        MergecastError
            For an unknown task or method, a share to keep that is not in [0, 1], more tasks than a merge has, and a task that
            is asked for and excluded.
        """
        for kind, names, there in (
            ("task", (*self.keep, *self.including, *self.without), known.tasks), ("method", self.methods, known.methods)
        ):  # fmt: skip
            for name in names:
                if name not in there:
                    raise MergecastError(catalogue.unknown(kind, name, there))
        for name, share in self.keep.items():
            if not 0 <= share <= 1:
                raise MergecastError(f"keep {name}={share:g}: must be from 0 to 1, such as {name}=0.9")
        for name in (*self.including, *self.keep):
            if name in self.without:
                raise MergecastError(f"task {name!r}: is asked for and excluded; name it once")
        if len(set(self.including)) > size:
            raise MergecastError(
                f"a merge of {size} cannot hold {len(set(self.including))} tasks ({', '.join(self.including)}); "
                "name fewer, or ask for larger groups"
            )

    def holds(self, found: Candidates) -> np.ndarray:
        """Which merges are as wished.

        Parameters
        ----------
        found : Candidates

        Returns
        -------
        (n,) array of bool
            What is kept is read off `found.kept`, without its interval.
        """
        fine = np.ones(len(found), dtype=bool)
        place = found.tasks.index
        for name in self.including:
            fine &= (found.members == place(name)).any(axis=1)
        for name in self.without:
            fine &= ~(found.members == place(name)).any(axis=1)
        for name, share in self.keep.items():
            fine &= ~((found.members == place(name)) & (found.kept < share)).any(axis=1)
        if self.methods:
            fine &= np.isin(found.method, [found.methods.index(name) for name in self.methods])
        return fine
