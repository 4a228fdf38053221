"""Inner products of the encoder gradients of every two checkpoints, tensor by tensor, in one streamed pass."""

from ._products import arrays, pair, products, read

__all__ = ["compute", "pair", "read"]

SCOPE = "grid"
FILE = "gradient_products.npz"
NEEDS = ("gradients",)
RESOURCES = {"device": "cpu", "minutes": 60, "memory": 2000}


def compute(grid) -> dict:
    """`products` of the gradients themselves."""
    return arrays(products(grid.features["gradients"], progress=grid.progress))
