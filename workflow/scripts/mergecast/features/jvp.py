"""A merge to first order: the other's displacement acts on embeddings by its derivative; dearer than measuring a little."""

import numpy as np

from ._views import HALF, accuracy, confidence, of_own, probabilities, ratio

SCOPE = "grid"
FILE = "jvp.npz"
IMAGES = "all"
SPLIT = "val"
FORWARDS = (0, 3)
NEEDS = ("views",)
RESOURCES = {"device": "gpu", "minutes": 240, "memory": 6000, "copies": 8}
TABLE = "pairs"
OPTIONAL = True


def compute(grid) -> dict:
    """As `additive`, under f(θ0 + ½τ_a) + J·½τ_b, J the Jacobian of the tower f at θ0 + ½τ_a.

    A product with J costs about three passes of each image, for every ordered pair.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    mapping from name to array
        `ratio` and `log_ratio` (T, T), as those of `additive`.

    Raises
    ------
    MergecastError
        If the images are of another size than the tower takes.
    """
    from tqdm import tqdm

    from ..models.encoders import open_encoder
    from ._images import shown

    network, seen = open_encoder(grid.base, device=grid.device).eval(), shown(grid)
    arrays = {name: np.full((len(grid.tasks), len(grid.tasks)), np.nan) for name in ("ratio", "log_ratio")}
    for row, a in enumerate(tqdm(grid.tasks, desc="jvp", unit="task", disable=not grid.progress)):
        labels, p = of_own(grid.features["views"][a])
        reached, sure, head = accuracy(p[1.0], labels), confidence(p[1.0], labels), seen[a][1].numpy()
        for column, b in enumerate(grid.tasks):
            if a == b:
                continue
            merged = probabilities(first_order(network, grid.base, grid.models[a], grid.models[b], seen[a][0]), head)
            arrays["ratio"][row, column] = ratio(accuracy(merged, labels), reached, merged.shape[1])
            arrays["log_ratio"][row, column] = confidence(merged, labels) - sure
    return arrays


def first_order(network, base, a, b, images, *, batch_size: int = 100) -> np.ndarray:
    """f(θ0 + ½τ_a) + J·½τ_b of images, by forward-mode differentiation.

    Parameters
    ----------
    network : Encoder
    base, a, b : mapping from name to tensor
    images : Split
        n images.
    batch_size : int, default 100

    Returns
    -------
    (n, D) array
        Float32, not normalised.
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    from ..models.checkpoints import task_vector
    from ._images import interpolated

    weights = {name: tensor.to(network.device) for name, tensor in interpolated(base, a, HALF).items()}
    moved = {name: (HALF * task_vector(base, b, name)).to(network.device) for name in weights}
    parts = []
    for start in range(0, len(images), batch_size):
        pixels = network.preprocess(images.images[start : start + batch_size])
        # Only the plain form of attention has a forward-mode derivative.
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
            value, change = torch.func.jvp(
                lambda state, pixels=pixels: torch.func.functional_call(network, state, (pixels,)), (weights,), (moved,)
            )
        parts.append((value + change).float().cpu())
    return torch.cat(parts).numpy()
