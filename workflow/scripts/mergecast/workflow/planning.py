"""Planning of large grids: what Snakemake does for every file of a plan, without a look at every other file.

It changes nothing of what is planned. For a pair's file Snakemake's own index tries the pattern of every output that begins in
the same folder, and then every output of the rules found, which with N tasks is some N² steps for each of N² files.
"""

from collections import defaultdict

import snakemake.api  # noqa: F401, without it the next import fails
from snakemake.output_index import OutputIndex


class Producers(OutputIndex):
    """Which rules make a file: patterns are looked up by both their ends, what stands before and after their wildcards."""

    def __init__(self, rules):
        super().__init__(rules)
        self._patterns = defaultdict(list)
        for rule in rules:
            for pattern in rule.products():
                self._patterns[str(pattern.constant_prefix()), str(pattern.constant_suffix())].append((rule, pattern))
        self._known = {}
        self._heads, self._tails = (set(ends) for ends in zip(*self._patterns, strict=True)) if self._patterns else ((), ())

    def match_producers(self, targetfile: str) -> set:
        """All rules one of whose output, log or benchmark patterns matches the file; a file is looked up once.

        Parameters
        ----------
        targetfile : str

        Returns
        -------
        set of Snakemake rules
        """
        if targetfile not in self._known:
            self._known[targetfile] = self._match(str(targetfile))
        return self._known[targetfile]

    def _match(self, targetfile: str) -> set:
        places = range(len(targetfile) + 1)
        heads = [head for head in (targetfile[:place] for place in places) if head in self._heads]
        tails = [tail for tail in (targetfile[place:] for place in places) if tail in self._tails]
        candidates = (self._patterns.get((head, tail), ()) for head in heads for tail in tails)
        return {rule for patterns in candidates for rule, pattern in patterns if pattern.match(targetfile)}
