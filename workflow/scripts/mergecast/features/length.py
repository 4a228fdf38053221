"""How far fine-tuning moved a checkpoint: the length of its task vector, whole and by depth."""

import re

import numpy as np

SCOPE = "checkpoint"
FILE = "length/{task}.safetensors"
RESOURCES = {"device": "cpu", "minutes": 10, "memory": 2000, "copies": 2}
TABLE = "traits"
REASON = "{task} moved by {factor:.2f} from the base (typically {typical_factor:.2f})"
QUARTERS = 4
LEAST = np.finfo(np.float32).tiny  # the square of a length of 0, so that its logarithm is finite


def compute(checkpoint) -> dict:
    """log ‖τ‖, and by quarters of the blocks.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    mapping from name to array
        `whole` (), float64, of all tensors; `quarter_1` to `quarter_4` (): of the blocks in each quarter of the depth, the
        first nearest the image. With fewer than four blocks a block stands in several quarters; without any there are none.
    """
    from ..models.checkpoints import task_vector

    total, blocks = 0.0, {}
    for name in checkpoint.base:
        square = float(task_vector(checkpoint.base, checkpoint.model, name).double().square().sum())
        total += square
        if block := re.search(r"resblocks\.(\d+)\.", name):
            blocks[int(block[1])] = blocks.get(int(block[1]), 0.0) + square
    parts = quarters(len(blocks)) if blocks else []
    depths = {f"quarter_{number + 1}": rows for number, rows in enumerate(parts)}
    squares = {"whole": total, **{name: sum(blocks[block] for block in rows) for name, rows in depths.items()}}
    return {name: np.array(np.log(max(square, LEAST)) / 2) for name, square in squares.items()}


def quarters(blocks: int) -> list[range]:
    """The blocks of each quarter of the depth.

    Parameters
    ----------
    blocks : int
        At least 1.

    Returns
    -------
    list of range
        Of block numbers; every block is in one of the four, and with fewer than four blocks in several.
    """
    edges = [number * blocks / QUARTERS for number in range(QUARTERS + 1)]
    return [range(int(low), max(int(high), int(low) + 1)) for low, high in zip(edges, edges[1:], strict=False)]
