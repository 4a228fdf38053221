"""Where the arithmetic runs, on how many threads, and in which precision."""

import os
import platform
from contextlib import AbstractContextManager, nullcontext

import torch

from ..errors import MergecastError


def choose(device: str = "auto", *, threads: int = 1) -> torch.device:
    """The device of that name, after setting torch's thread count; says which.

    Results on the CPU are the same bits for the same seed and the same number of threads. On a GPU, what is float32 is
    computed as float32: TF32, which keeps ten bits of the mantissa, is turned off for products and convolutions.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}, default "auto"
        `auto`: CUDA where there is one.
    threads : int, default 1

    Returns
    -------
    torch.device

    Raises
    ------
    MergecastError
        If the name is unknown, or CUDA is asked for where there is none.
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
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    chosen = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    print(f"{platform.node()}: {chosen}, on {threads} thread{'s' * (threads > 1)}")
    return chosen


def mixed(device: torch.device, precision: torch.dtype) -> AbstractContextManager:
    """A context in which products run in `precision` and what needs more stays float32 (torch's autocast).

    Weights, their gradients and the optimizer's state are float32 inside as well.

    Parameters
    ----------
    device : torch.device
    precision : torch.dtype

    Returns
    -------
    context manager
        Does nothing if `precision` is float32.
    """
    return nullcontext() if precision == torch.float32 else torch.autocast(device.type, precision)
