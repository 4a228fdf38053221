"""Exact selection of the largest magnitudes, over one tensor or over a whole model that is never in memory at once."""

import math
import sys
from collections.abc import Callable, Iterable

import torch


def count_of(share: float, total: int) -> int:
    """⌊share · total⌋ as written in decimals: 0.29 of 100 is 29, though 0.29 * 100 falls just short of it."""
    return math.floor(share * total * (1 + 4 * sys.float_info.epsilon))


def magnitude(vector: torch.Tensor) -> torch.Tensor:
    """|x| in float32, the precision in which entries are ranked."""
    return vector.float().abs()


def magnitudes(read: Callable, task: str) -> Iterable[torch.Tensor]:
    """The magnitudes of one task's vectors, piece by piece, of the task vectors that `read()` yields."""
    return (magnitude(vectors[task]) for vectors in read())


def kth_largest_of(vector: torch.Tensor, k: int) -> float:
    """The k-th largest magnitude in one tensor, k ≥ 1."""
    return kth_largest(lambda: [magnitude(vector)], k)


def kth_largest(magnitudes: Callable[[], Iterable[torch.Tensor]], k: int) -> float:
    """The k-th largest of all entries of some float32 tensors ≥ 0, k ≥ 1, which are read twice, one at a time.

    The bits of such numbers are ordered as the numbers are: the upper sixteen choose a bucket, the lower the entry.
    """

    def bits():
        return (tensor.flatten().view(torch.int32) for tensor in magnitudes())

    upper, k = _bucket(sum(torch.bincount(b >> 16, minlength=1 << 15) for b in bits()), k)
    lower, _ = _bucket(sum(torch.bincount(b[b >> 16 == upper] & 0xFFFF, minlength=1 << 16) for b in bits()), k)
    return torch.tensor(upper << 16 | lower, dtype=torch.int32).view(torch.float32).item()


def _bucket(histogram: torch.Tensor, k: int) -> tuple[int, int]:
    """The bucket that holds the k-th largest entry, and that entry's place, from the top, within it."""
    at_or_above = histogram.flip(0).cumsum(0).flip(0)
    bucket = int((at_or_above >= k).sum()) - 1
    return bucket, k - int(at_or_above[bucket] - histogram[bucket])
