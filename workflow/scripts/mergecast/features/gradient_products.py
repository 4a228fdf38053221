"""Inner products of the encoder gradients of every two checkpoints, tensor by tensor, in one streamed pass."""

from ._products import arrays, pair, products, read

__all__ = ["compute", "pair", "read"]

SCOPE = "grid"
FILE = "gradient_products.npz"
NEEDS = ("gradients",)
RESOURCES = {"device": "cpu", "minutes": 60, "memory": 2000}


def compute(grid) -> dict:
    """`products` of the gradients themselves.

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
        If a checkpoint's gradient lacks a tensor, has it in another size, or holds NaN or infinity.
    """
    return arrays(products(grid.features["gradients"], progress=grid.progress))
