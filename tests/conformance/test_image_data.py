"""Real image sets in the NPZ layout, each through the same door as a user's own file."""

import numpy as np
import pytest

from mergecast import tasks

NAMES = ("MNIST", "EuroSAT", "OmniglotAlphabets", "Chars74KDigits", "DTD10", "KMNIST")


@pytest.mark.parametrize("name", NAMES)
def test_a_real_image_set_becomes_a_task(shared, name, tmp_path):
    path = shared / "data" / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"no image data at {path}")
    task = tasks.load({"task": name, "source": "npz", "path": str(path)}, size=32, seed=0)
    with np.load(path, allow_pickle=False) as arrays:
        assert len(task.train) + len(task.val) == len(arrays["train_labels"])
        assert np.array_equal(task.test.labels, arrays["test_labels"])
        assert task.class_names == tuple(str(name).replace("_", " ") for name in arrays["class_names"])
    assert task.train.images.shape[1:] == task.test.images.shape[1:] == (32, 32, 3)
    assert abs(len(task.val) / len(task.train) - 1 / 9) < 0.02, "a tenth of the train images"
    tasks.save(tmp_path / "task.safetensors", task)
    assert np.array_equal(tasks.open_task(tmp_path / "task.safetensors").test.images, task.test.images)
