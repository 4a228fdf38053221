"""What its own validation images look like to a checkpoint on its way from the base: forward passes that other features share.

A model half way to its base stands for what an average with another would leave of it, and needs no merge. The images are of
the validation split, which nobody was trained on: on its own train images a fine-tuned model is nearly always right, and no
ratio to that says how it will do on others.
"""

from ._views import SHARES, embedded

SCOPE = "checkpoint"
FILE = "views/{task}.safetensors"
IMAGES = "own"
SPLIT = "val"
FORWARDS = (5, 0)
RESOURCES = {"device": "gpu", "minutes": 30, "memory": 3000, "copies": 6}


def compute(checkpoint) -> dict:
    """Embeddings of images, and what is needed to read accuracies off them. 5n forward passes.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    mapping from name to array
        `{share}` (n, D), float32, of length 1: the images seen by θ0 + share·τ, for every share of `SHARES`; `labels` (n,)
        and `head` (C, D).

    Raises
    ------
    MergecastError
        If the images are of another size than the tower takes.
    """
    from ..models.encoders import open_encoder
    from ._images import interpolated, shown

    images, head = shown(checkpoint)[checkpoint.task]
    network, arrays = open_encoder(checkpoint.base, device=checkpoint.device), {"labels": images.labels, "head": head.float()}
    for share in SHARES:
        network.load(interpolated(checkpoint.base, checkpoint.model, share))
        arrays[str(share)] = embedded(network, images)
    return arrays
