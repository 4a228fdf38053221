"""The file of a task: written image by image, mapped by every later job, readable by the safetensors library."""

import json
import tracemalloc

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file

from mergecast import tasks
from mergecast.errors import MergecastError
from mergecast.tasks import images


@pytest.fixture
def row(tmp_path):
    """A task of 400 images of 64 px in a packed .npz file."""
    rng = np.random.default_rng(0)
    path = tmp_path / "mine.npz"
    np.savez_compressed(
        path,
        train_images=rng.integers(0, 256, (300, 64, 64, 3), dtype=np.uint8),
        train_labels=np.arange(300) % 3,
        test_images=rng.integers(0, 256, (100, 64, 64), dtype=np.uint8),
        test_labels=np.arange(100) % 3,
        class_names=np.array(["a", "b", "é"]),
    )
    return {"task": "mine", "source": "npz", "path": str(path)}


@pytest.fixture
def prepared(row, tmp_path):
    path = tmp_path / "mine.safetensors"
    tasks.save(path, tasks.find(row, size=128, seed=0))
    return path


def peak(action) -> int:
    """Bytes of arrays and of Python's own that an action holds at most."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_is_written_image_by_image_is_what_is_loaded_whole(row, prepared):
    whole, mapped = tasks.load(row, size=128, seed=0), tasks.open_task(prepared)
    for name in images.SPLITS:
        assert np.array_equal(getattr(mapped, name).images, getattr(whole, name).images)
        assert np.array_equal(getattr(mapped, name).labels, getattr(whole, name).labels)
    assert (len(mapped.train), len(mapped.val), len(mapped.test)) == (270, 30, 100)


def test_preparing_holds_a_small_part_of_the_images_and_opening_none(row, tmp_path):
    path = tmp_path / "large.safetensors"
    task = tasks.find(row, size=224, seed=0)
    assert peak(lambda: tasks.save(path, task)) < 0.1 * path.stat().st_size
    assert peak(lambda: tasks.open_task(path)) < 0.01 * path.stat().st_size


def test_opened_images_are_views_of_the_file_that_nobody_can_write(prepared):
    task = tasks.open_task(prepared)
    assert isinstance(task.train.images, np.memmap) and not task.train.images.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        task.test.images[0] = 0
    few = task.train.take(np.array([5, 2]))
    assert np.array_equal(few.images[0], task.train.images[5]) and few.labels.tolist() == task.train.labels[[5, 2]].tolist()


@pytest.mark.filterwarnings("error:The given NumPy array is not writable:UserWarning")
def test_a_model_takes_mapped_images_without_a_warning(prepared):
    from mergecast.models import encoders

    encoder = encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip").visual)
    encoder.size = 128
    task = tasks.open_task(prepared)
    pixels = encoder.preprocess(task.test.images[3:5])
    assert torch.equal(pixels, encoder.preprocess(np.array(task.test.images)[3:5]))


def test_the_safetensors_library_reads_the_file_and_its_header(prepared):
    task, tensors = tasks.open_task(prepared), load_file(prepared)
    assert set(tensors) == {f"{split}_{what}" for split in images.SPLITS for what in ("images", "labels")}
    assert np.array_equal(tensors["test_images"], task.test.images) and tensors["val_labels"].dtype == np.int64
    with safe_open(prepared, framework="numpy") as file:
        header = file.metadata()
    assert set(header) == {"task", "source", "class_names", "prompts"}
    assert json.loads(header["class_names"]) == ["a", "b", "é"]


def test_a_file_of_the_library_opens_as_ours_does(prepared, tmp_path):
    from safetensors.numpy import save_file

    with safe_open(prepared, framework="numpy") as file:
        save_file(load_file(prepared), tmp_path / "theirs.safetensors", file.metadata())
    ours, theirs = tasks.open_task(prepared), tasks.open_task(tmp_path / "theirs.safetensors")
    assert ours.class_names == theirs.class_names
    assert np.array_equal(ours.val.images, theirs.val.images) and np.array_equal(ours.test.labels, theirs.test.labels)


def test_preparation_that_fails_half_way_leaves_no_file(row, tmp_path):
    task = tasks.find(row, size=16, seed=0)

    class Failing(list):
        def __getitem__(self, index):
            if index > 50:
                raise MergecastError("picture 51 is broken")
            return np.zeros((8, 8), np.uint8)

    broken = images.Resized(Failing(), task.train.images.chosen, 16)
    folder = tmp_path / "results"
    with pytest.raises(MergecastError, match="picture 51"):
        tasks.save(folder / "mine.safetensors", images.Task(**{**vars(task), "train": images.Split(broken, task.train.labels)}))
    assert list(folder.iterdir()) == []


def test_a_limit_is_a_choice_by_name_that_leaves_the_rest_of_the_task_alone(row):
    few = tasks.load(row | {"options": "train_limit=50 test_limit=20"}, size=64, seed=0)
    again = tasks.load(row | {"options": "train_limit=50 test_limit=20"}, size=64, seed=0)
    other = tasks.load(row | {"task": "other", "options": "train_limit=50 test_limit=20"}, size=64, seed=0)
    whole = tasks.load(row | {"options": "train_limit=5000"}, size=64, seed=0)
    assert (len(few.train), len(few.val), len(few.test)) == (45, 5, 20)
    assert np.array_equal(few.train.images, again.train.images)
    assert not np.array_equal(few.test.images, other.test.images)
    assert (len(whole.train), len(whole.test)) == (270, 100), "a limit above what there is takes all"
    everything = {image.tobytes() for image in (*whole.train.images, *whole.val.images)}
    assert {image.tobytes() for image in (*few.train.images, *few.val.images)} < everything
