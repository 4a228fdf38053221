"""Batches on their way to the device: read ahead by a thread, so that a GPU does not wait for images."""

import queue
import threading
from collections.abc import Iterable, Iterator

import numpy as np
import torch

from ..tasks import Split

AHEAD = 3  # batches


def batches(split: Split, chosen: Iterable, device: torch.device) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Images and labels on the device, for each slice or array of indices in `chosen`.

    Images travel as bytes, a quarter of what floats would take. For a GPU, a thread takes them out of the split (which
    may lie on a disk) into pinned memory some batches ahead, from where they are copied while the GPU computes. On the
    CPU, whose cores have work enough, each batch is taken when it is asked for. The values are the same.

    Parameters
    ----------
    split : Split
    chosen : iterable of slices or arrays of indices
    device : torch.device

    Yields
    ------
    tuple of tensors
        Images (N, S, S, 3), uint8, and labels (N,), int64.
    """
    taken = ((_owned(split.images[indices]), _owned(split.labels[indices])) for indices in chosen)
    if device.type != "cuda":
        yield from taken
        return
    pinned = ((images.pin_memory(), labels.pin_memory()) for images, labels in taken)
    for images, labels in ahead(pinned):
        yield images.to(device, non_blocking=True), labels.to(device, non_blocking=True)


def ahead(items: Iterable, depth: int = AHEAD) -> Iterator:
    """The items in their order, made before they are asked for by a thread of its own.

    What goes wrong there is raised here, in its place; the thread ends when the last item is made or nobody asks on.

    Parameters
    ----------
    items : iterable
    depth : int, default 3
        How many made items wait at most; the thread has one more in hand.

    Yields
    ------
    object
        Each item.
    """
    made, stop = queue.Queue(maxsize=depth), threading.Event()

    def put(item) -> None:
        while not stop.is_set():
            try:
                return made.put(item, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        source = iter(items)
        try:
            while not stop.is_set():
                put((next(source), None))
        except BaseException as error:  # StopIteration among them: it is the end
            put((None, error))

    thread = threading.Thread(target=work, name="read ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item
    finally:
        stop.set()
        thread.join()


def _owned(array: np.ndarray) -> torch.Tensor:
    """A tensor that may be written to, as torch wants; a view of a file that is mapped into memory is copied."""
    return torch.from_numpy(array if array.flags.writeable and array.flags.c_contiguous else array.copy())
