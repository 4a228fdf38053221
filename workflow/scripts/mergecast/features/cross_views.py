"""What the validation images of the other tasks look like to a checkpoint half way to its base."""

from ._views import HALF, embedded

SCOPE = "checkpoint"
FILE = "cross_views/{task}.safetensors"
IMAGES = "all"
SPLIT = "val"
FORWARDS = (0, 1)
RESOURCES = {"device": "gpu", "minutes": 60, "memory": 3000, "copies": 6}
SEAL_EACH = True


def compute(checkpoint) -> dict:
    """Embeddings of images. n forward passes a task.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    mapping from name to array
        `{task}` (n, D), float32, of length 1: the images of every other task seen by θ0 + ½τ.

    Raises
    ------
    MergecastError
        If the images are of another size than the tower takes.
    """
    from ..models.encoders import open_encoder
    from ._images import interpolated, shown

    network = open_encoder(checkpoint.base, device=checkpoint.device)
    network.load(interpolated(checkpoint.base, checkpoint.model, HALF))
    return {task: embedded(network, images) for task, (images, _) in shown(checkpoint).items() if task != checkpoint.task}
