"""Batches on their way to a device: the same values as in memory, in order, read ahead, errors in their place."""

import threading
import time

import numpy as np
import pytest
import torch

from mergecast.evaluation.loading import ahead, batches
from mergecast.tasks import Split

CPU = torch.device("cpu")


@pytest.fixture
def split():
    return Split(np.random.default_rng(0).integers(0, 256, (10, 4, 4, 3), dtype=np.uint8), np.arange(10))


CHOSEN = (slice(0, 4), np.array([9, 1, 1]), slice(8, 12))


def test_batches_are_what_was_chosen_as_bytes(split):
    found = list(batches(split, CHOSEN, CPU))
    assert len(found) == len(CHOSEN)
    for (images, labels), chosen in zip(found, CHOSEN, strict=True):
        assert images.dtype == torch.uint8 and labels.dtype == torch.int64
        assert np.array_equal(images.numpy(), split.images[chosen]) and np.array_equal(labels.numpy(), split.labels[chosen])


@pytest.mark.filterwarnings("error")
def test_images_mapped_from_a_file_may_be_read_only(split, tmp_path):
    np.save(tmp_path / "images.npy", split.images)
    mapped = Split(np.load(tmp_path / "images.npy", mmap_mode="r"), split.labels)
    for (images, _), chosen in zip(batches(mapped, CHOSEN, CPU), CHOSEN, strict=True):
        assert np.array_equal(images.numpy(), split.images[chosen])
        images.zero_()
    assert np.array_equal(mapped.images, split.images)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gets_the_same_bytes_from_pinned_memory(split):
    for (images, labels), chosen in zip(batches(split, CHOSEN, torch.device("cuda")), CHOSEN, strict=True):
        assert images.is_cuda and labels.is_cuda
        assert np.array_equal(images.cpu().numpy(), split.images[chosen])
        assert np.array_equal(labels.cpu().numpy(), split.labels[chosen])


def test_items_come_in_order_from_another_thread():
    makers = []

    def made():
        for number in range(50):
            makers.append(threading.current_thread())
            yield number

    assert list(ahead(made())) == list(range(50))
    assert set(makers) != {threading.current_thread()} and len(set(makers)) == 1


def test_items_are_made_before_they_are_asked_for_but_not_without_bound():
    made = []
    items = ahead((made.append(number) or number for number in range(100)), depth=3)
    assert next(items) == 0
    deadline = time.monotonic() + 10
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    assert len(made) == 5, "one asked for, three waiting, one in hand"
    items.close()


def test_what_goes_wrong_in_the_thread_is_raised_in_its_place():
    def broken():
        yield 1
        raise ValueError("no such image")

    items = ahead(broken())
    assert next(items) == 1
    with pytest.raises(ValueError, match="no such image"):
        next(items)


def test_the_thread_ends_when_nobody_asks_on():
    before = threading.active_count()
    items = ahead(iter(int, 1))
    next(items)
    assert threading.active_count() == before + 1
    items.close()
    assert threading.active_count() == before
