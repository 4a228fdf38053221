"""Inner products of the task vectors of every two checkpoints, tensor by tensor, in one streamed pass."""

from ._products import arrays, pair, products, read

__all__ = ["compute", "pair", "read"]

SCOPE = "grid"
FILE = "inner_products.npz"
RESOURCES = {"device": "cpu", "minutes": 60, "memory": 2000, "copies": 2}


def compute(grid) -> dict:
    """`products` of the task vectors θ_t - θ0.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    mapping from name to array
        `tensors`, the L names; `products` and `distances`, (L, N, N) float64.

    Raises
    ------
    MergecastError
        If a checkpoint lacks a tensor, has it in another size, or holds NaN or infinity.
    """
    return arrays(products(grid.models, grid.base, progress=grid.progress))
