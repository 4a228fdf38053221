"""Where the arithmetic runs, and on how many threads."""

import os
import platform

import torch

from .errors import MergecastError


def choose(device: str = "auto", *, threads: int = 1) -> torch.device:
    """The device named `auto` (CUDA where there is one), `cpu` or `cuda`, after setting torch's thread count; says which.

    Results on the CPU are the same bits for the same seed and the same number of threads.
    Raises MergecastError when the name is unknown or CUDA is asked for where there is none.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise MergecastError(f"device: {device!r} is unknown; choose auto, cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        raise MergecastError(
            f"device: cuda is asked for, but torch finds no GPU on {platform.node()} (CUDA_VISIBLE_DEVICES={seen}); "
            "ask for one, look at the driver and torch's build, or choose auto or cpu"
        )
    torch.set_num_threads(threads)
    chosen = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    print(f"{platform.node()}: {chosen}, on {threads} thread{'s' * (threads > 1)}")
    return chosen
