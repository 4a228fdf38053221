"""How much a checkpoint half way to its base keeps when a random displacement as long as another's is added to its weights."""

import numpy as np

from ..seeding import seed_for
from ._views import HALF, accuracy, confidence, embedded, of_own, probabilities, ratio

SCOPE = "grid"
FILE = "noise.npz"
IMAGES = "all"
SPLIT = "val"
FORWARDS = (4, 0)
NEEDS = ("views",)
RESOURCES = {"device": "gpu", "minutes": 120, "memory": 4000, "copies": 6}
TABLE = "traits"
DRAWS = 4


def compute(grid) -> dict:
    """Accuracy and confidence on a's validation images under θ0 + ½τ_a + ξ, relative to θ_a, means over 4 draws of ξ.

    ξ is Gaussian; in each tensor it is as long as ½τ is in the mean over the checkpoints of the grid. Their lengths are of
    weights alone: no merge and no accuracy of another task enters. 4n forward passes a task.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    mapping from name to array
        (T,), float64. `ratio`: accuracies shrunk towards chance c, (x + c)/(y + c); `log_ratio`: log p less log p, p the mean
        probability of the true class (+ 10⁻³).

    Raises
    ------
    MergecastError
        If the images are of another size than the tower takes.
    """
    from tqdm import tqdm

    from ..models.encoders import open_encoder
    from ._images import interpolated, shown

    network, lengths = open_encoder(grid.base, device=grid.device), _lengths(grid)
    arrays = {name: np.empty(len(grid.tasks)) for name in ("ratio", "log_ratio")}
    seen = shown(grid)
    for place, task in enumerate(tqdm(grid.tasks, desc="noise", unit="task", disable=not grid.progress)):
        images, head = seen[task]
        labels, p = of_own(grid.features["views"][task])
        half, drawn = interpolated(grid.base, grid.models[task], HALF), []
        for draw in range(DRAWS):
            network.load(displaced(half, lengths, seed=seed_for("noise", task, draw, seed=grid.images.seed)))
            drawn.append(probabilities(embedded(network, images).numpy(), head.numpy()))
        reached, sure = accuracy(p[1.0], labels), confidence(p[1.0], labels)
        arrays["ratio"][place] = np.mean([ratio(accuracy(q, labels), reached, q.shape[1]) for q in drawn])
        arrays["log_ratio"][place] = np.mean([confidence(q, labels) - sure for q in drawn])
    return arrays


def displaced(state, lengths, *, seed: int) -> dict:
    """Each tensor plus a Gaussian direction of a given length.

    Parameters
    ----------
    state : mapping from name to tensor
        Float32.
    lengths : mapping from name to float
    seed : int

    Returns
    -------
    mapping from name to tensor
        Float32.
    """
    import torch

    random = torch.Generator().manual_seed(seed % 2**63)
    moved = {}
    for name, tensor in state.items():
        direction = torch.randn(tensor.shape, generator=random)
        moved[name] = tensor + direction * (lengths[name] / max(float(direction.norm()), torch.finfo(torch.float32).tiny))
    return moved


def _lengths(grid) -> dict[str, float]:
    """Mean over the checkpoints of ‖½τ‖, by tensor."""
    from ..models.checkpoints import task_vector

    return {
        name: float(np.mean([HALF * float(task_vector(grid.base, model, name).norm()) for model in grid.models.values()]))
        for name in grid.base
    }
