"""The features of a pair as plain numpy data, which is all that a metric ever sees."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from ..errors import MergecastError


@dataclass(frozen=True)
class Gram:
    """Two vectors a, b reduced to four numbers, from which every angle, length and distance of them follows.

    `aa`, `bb`, `ab` are inner products; `dd` = |a - b|², kept beside them because aa + bb - 2ab loses its digits
    when a and b are nearly the same.
    """

    aa: float
    bb: float
    ab: float
    dd: float

    def __post_init__(self):
        if not math.isfinite(self.aa + self.bb + self.ab + self.dd):
            raise MergecastError("the vectors hold NaN or infinity; make the features again from sound checkpoints")

    @classmethod
    def of(cls, a: np.ndarray, b: np.ndarray) -> "Gram":
        """From two vectors of shape (n,), in float64."""
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        difference = a - b
        return cls(float(a @ a), float(b @ b), float(a @ b), float(difference @ difference))

    def norms(self) -> tuple[float, float]:
        """|a| and |b|."""
        return math.sqrt(self.aa), math.sqrt(self.bb)

    def distance(self) -> float:
        """|a - b|, at least 0."""
        return math.sqrt(self.dd)

    def cosine(self) -> float:
        """<a,b> / (|a| |b|), in [-1, 1]. Raises MergecastError if a vector is zero."""
        self._both_nonzero("the cosine")
        return max(-1.0, min(1.0, self.ab / math.sqrt(self.aa * self.bb)))

    def angle(self) -> float:
        """The angle between a and b in degrees, in [0, 180]. Raises MergecastError if a vector is zero.

        Equal to arccos of the cosine, but precise for small angles, where the cosine is 1 up to rounding.
        """
        self._both_nonzero("the angle")
        return math.degrees(math.atan2(self.area(), self.ab))

    def magnitude_ratio(self) -> float:
        """The shorter length over the longer, in [0, 1]. Raises MergecastError if both vectors are zero."""
        if self.aa == self.bb == 0:
            raise MergecastError("both vectors are zero, so their lengths have no ratio; leave one checkpoint out")
        return min(self.norms()) / max(self.norms())

    def magnitude_difference(self) -> float:
        """(|a| - |b|) / (|a| + |b|), in [-1, 1]: which is longer, and by how much. Raises as `magnitude_ratio` does."""
        self.magnitude_ratio()
        first, second = self.norms()
        return (first - second) / (first + second)

    def area(self) -> float:
        """The area of the parallelogram of a and b, sqrt(aa bb - ab²), at least 0; σ1 σ2 of the 2-row stack."""
        product = math.sqrt(self.aa * self.bb)
        gap = product - self.ab
        if self.dd < product:  # a and b are close: the same number without its cancellation
            gap = (self.dd - ((self.aa - self.bb) / sum(self.norms())) ** 2) / 2
        return math.sqrt(max(0.0, gap) * max(0.0, product + self.ab))

    def singular_values(self) -> tuple[float, float]:
        """σ1 >= σ2 >= 0 of the matrix whose two rows are a and b: σ² = (aa + bb ± sqrt((aa - bb)² + 4 ab²)) / 2."""
        first = math.sqrt((self.aa + self.bb + math.hypot(self.aa - self.bb, 2 * self.ab)) / 2)
        return first, min(first, self.area() / first) if first > 0 else 0.0

    def _both_nonzero(self, what: str) -> None:
        if self.aa * self.bb == 0:
            which = "both vectors are" if self.aa == self.bb else "the first is" if self.aa < self.bb else "the second is"
            raise MergecastError(f"{which} zero, so {what} is undefined; leave that checkpoint out or train it further")


@dataclass(frozen=True)
class Products:
    """Inner products of two models' vectors, tensor by tensor: names (L), and `aa`, `bb`, `ab`, `dd` of shape (L,),
    float64, each as in `Gram`."""

    names: tuple[str, ...]
    aa: np.ndarray
    bb: np.ndarray
    ab: np.ndarray
    dd: np.ndarray

    def total(self) -> Gram:
        """Of the two whole vectors: the sums over tensors."""
        return Gram(*(float(np.sum(values)) for values in (self.aa, self.bb, self.ab, self.dd)))

    def tensors(self) -> Iterator[Gram]:
        """Of each tensor by itself, in the order of `names`."""
        for values in zip(self.aa, self.bb, self.ab, self.dd, strict=True):
            yield Gram(*map(float, values))


@dataclass(frozen=True)
class ProductTable:
    """Inner products of every two of N tasks: `products` and squared `distances`, (L, N, N) float64."""

    tasks: tuple[str, ...]
    tensors: tuple[str, ...]
    products: np.ndarray
    distances: np.ndarray

    def pair(self, a: str, b: str) -> Products:
        """The products of two tasks. Raises MergecastError naming a task that is not there."""
        for task in (a, b):
            if task not in self.tasks:
                raise MergecastError(f"no inner products of task {task!r}; there are those of {', '.join(self.tasks)}")
        i, j = self.tasks.index(a), self.tasks.index(b)
        of = self.products
        return Products(self.tensors, of[:, i, i], of[:, j, j], of[:, i, j], self.distances[:, i, j])


@dataclass(frozen=True)
class Spectrum:
    """Singular values and vectors of one matrix of a task vector, τ = U diag(s) Vᵀ, oriented (out m, in n).

    `values` (r,) are all the singular values, descending, r = min(m, n); `left` (m, k) and `right_top` (n, k) hold the
    leading k vectors as columns, `right_bottom` (n, k) the last k of the thin V. Float64. All zero if τ is zero.
    """

    values: np.ndarray
    left: np.ndarray
    right_top: np.ndarray
    right_bottom: np.ndarray


@dataclass(frozen=True)
class Probe:
    """One model on the calibration images of both tasks of a pair, float64.

    `activation` (width,): mean over images and tokens of the last block's output; `input_gradient` (P,): the loss's
    gradient at every image, one after another in an order that both models share.
    """

    activation: np.ndarray
    input_gradient: np.ndarray


class PairFeatures(SimpleNamespace):
    """The features of the pair (a, b) by name: `PairFeatures("ants", "bees", spectra=…).spectra`; of the two models, the first
    before the second. It has those that were asked for, and no others."""

    def __init__(self, a: str, b: str, **features):
        super().__init__(a=a, b=b, **features)

    def __getattr__(self, name: str):
        raise AttributeError(f"no feature {name!r} was asked for; a metric names what it reads in `needs`")
