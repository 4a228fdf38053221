"""Image tasks: sources, splits, files and what they refuse."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from mergecast import tasks
from mergecast.errors import MergecastError
from mergecast.tasks import captions, images
from mergecast.tasks.drawing import canvas, glyphs, scenes, shapes
from mergecast.tasks.drawing.figures import FIGURES


def row(task, source="procedural", **columns):
    return {"task": task, "source": source, "path": "", "options": "", "classes": "", "prompts": "", **columns}


def arrays(count=12, classes=3, **changes):
    rng = np.random.default_rng(0)
    good = {
        "train_images": rng.integers(0, 256, (count, 8, 8), dtype=np.uint8),
        "train_labels": np.arange(count) % classes,
        "test_images": rng.integers(0, 256, (6, 8, 8), dtype=np.uint8),
        "test_labels": np.arange(6) % classes,
        "class_names": np.array([f"class_{index}" for index in range(classes)]),
    }
    good.update(changes)
    return {name: value for name, value in good.items() if value is not None}


def load_npz(tmp_path, **changes):
    path = tmp_path / "mine.npz"
    np.savez(path, **arrays(**changes))
    return tasks.load(row("mine", "npz", path=str(path)), size=16, seed=0)


def refused(action, *words):
    with pytest.raises(MergecastError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


@pytest.mark.parametrize("figure", sorted(FIGURES))
def test_a_drawn_task_is_balanced_and_rgb_of_the_size_asked_for(figure):
    task = tasks.load(row(figure, options="train=60 test=40"), size=24, seed=3)
    assert task.train.images.shape == (54, 24, 24, 3) and task.train.images.dtype == np.uint8
    assert (len(task.val), len(task.test)) == (6, 40) and task.test.labels.dtype == np.int64
    counts = np.bincount(task.test.labels, minlength=len(task.class_names))
    assert counts.max() - counts.min() <= 1
    assert task.test.images.std(axis=(1, 2, 3)).min() > 1, "an empty picture"


def test_drawing_depends_on_the_name_and_the_seed_alone():
    def drawn(name, seed):
        return tasks.load(row(name, options="figure=lines train=40 test=20"), size=16, seed=seed)

    one, same, other_seed, other_name = drawn("a", 1), drawn("a", 1), drawn("a", 2), drawn("b", 1)
    assert np.array_equal(one.train.images, same.train.images) and np.array_equal(one.val.labels, same.val.labels)
    assert not np.array_equal(one.test.images, other_seed.test.images)
    assert not np.array_equal(one.test.images, other_name.test.images)
    assert not np.array_equal(one.train.images[:20], one.test.images), "train and test pictures are drawn apart"


def test_validation_is_carved_from_train_and_the_test_split_is_left_alone(tmp_path):
    task = load_npz(tmp_path, count=40)
    given = arrays(count=40)
    kept = {images.square(image, 16).tobytes() for image in given["train_images"]}
    train, val = ({image.tobytes() for image in part.images} for part in (task.train, task.val))
    assert (len(train), len(val)) == (36, 4) and not train & val and train | val == kept
    assert np.array_equal(task.test.labels, given["test_labels"])


def test_the_validation_choice_depends_on_the_task_name():
    first, again, other = (images.carve(50, 0.2, task=name, seed=0)[1] for name in ("a", "a", "b"))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_digits_are_the_real_ones_at_full_contrast():
    from sklearn.datasets import load_digits

    task = tasks.load(row("digits", "digits", options="test=300"), size=8, seed=0)
    assert (len(task.train) + len(task.val), len(task.test)) == (1497, 300)
    ours = np.concatenate([task.train.images, task.val.images, task.test.images])[..., 0]
    theirs = np.round(load_digits().images * 255 / 16).astype(np.uint8)
    assert sorted(image.tobytes() for image in ours) == sorted(image.tobytes() for image in theirs)
    assert set(task.class_names) >= {"zero", "nine"}


def test_images_are_resized_bicubically_and_grey_becomes_rgb():
    grey = np.random.default_rng(0).integers(0, 256, (10, 10), dtype=np.uint8)
    made = images.square(grey, 32)
    expected = np.asarray(Image.fromarray(grey).resize((32, 32), Image.Resampling.BICUBIC))
    assert all(np.array_equal(made[..., channel], expected) for channel in range(3))
    wide = np.zeros((8, 16, 3), np.uint8)
    wide[:, 4:12] = 255
    assert images.square(wide, 8).min() == 255, "the centre of a wide image is what is kept"


@pytest.mark.parametrize("shape", [(37, 53), (53, 37), (224, 225), (300, 451), (451, 300), (99, 500), (20, 20), (64, 64)])
@pytest.mark.parametrize("size", [32, 64, 63])
def test_an_image_becomes_what_the_transform_of_clip_makes_of_it(shape, size):
    from mergecast.models import _torchvision

    _torchvision.ensure()
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    transform = Compose([Resize(size, interpolation=InterpolationMode.BICUBIC), CenterCrop(size)])
    assert np.array_equal(images.square(image, size), np.asarray(transform(Image.fromarray(image))))


def test_a_task_comes_back_from_its_file_unchanged(tmp_path):
    task = tasks.load(row("shapes", options="train=30 test=20"), size=16, seed=0)
    tasks.save(tmp_path / "shapes.safetensors", task)
    back = tasks.open_task(tmp_path / "shapes.safetensors")
    assert (back.name, back.source, back.class_names, back.prompts) == (
        task.name,
        task.source,
        task.class_names,
        task.prompts,
    )
    for name in images.SPLITS:
        assert np.array_equal(getattr(back, name).images, getattr(task, name).images)
        assert np.array_equal(getattr(back, name).labels, getattr(task, name).labels)


def test_class_names_and_prompts_can_be_overridden():
    task = tasks.load(
        row("fills", options="train=40 test=20", classes="full|empty|barred|spotted", prompts="a {} thing|{}!"),
        size=16,
        seed=0,
    )
    assert task.class_names == ("full", "empty", "barred", "spotted") and task.prompts == ("a {} thing", "{}!")


def test_the_corpus_states_what_it_draws():
    corpus = captions.drawn_corpus(200, size=16, seed=0)
    again = captions.drawn_corpus(200, size=16, seed=0)
    assert np.array_equal(corpus.images, again.images)
    names = [attribute.name for attribute in corpus.attributes]
    assert len(set(names)) == len(names)
    stated = sum((attribute.labels >= 0).astype(int) for attribute in corpus.attributes)
    assert stated.min() >= 2, "every picture has two captions or more"
    for attribute in corpus.attributes:
        assert attribute.labels.max() < len(attribute.phrases)
        assert len(set(attribute.captions(0))) == len(attribute.phrases)


def test_tasks_become_a_corpus_with_their_class_names_as_captions():
    two = [tasks.load(row(name, options="train=30 test=20"), size=16, seed=0) for name in ("lines", "fills")]
    corpus = captions.task_corpus(two)
    assert len(corpus.images) == 54
    first, second = corpus.attributes
    assert (first.labels >= 0).sum() == 27 and (second.labels[:27] == -1).all()
    assert np.array_equal(second.labels[27:], two[1].train.labels)
    assert first.captions(0)[0] == "a level line"


def test_a_mask_covers_the_area_of_its_shape():
    size, one = 64, np.ones(1)
    square = shapes.masks(
        np.array([shapes.SHAPES.index("square")]), np.array([0]), size, 0 * one, 0 * one, 0.8 * one, 0.3 * one
    )
    assert square.sum() / size**2 * 4 == pytest.approx((2 * 0.75 * 0.8) ** 2, rel=0.02)
    disc = shapes.masks(np.array([0]), np.array([0]), size, 0.1 * one, 0 * one, 0.5 * one, 0 * one)
    assert disc.sum() / size**2 * 4 == pytest.approx(np.pi * (0.9 * 0.5) ** 2, rel=0.02)


def test_several_shapes_are_as_many_as_counted():
    from scipy.ndimage import label

    rng = np.random.default_rng(0)
    numbers = np.arange(50) % len(scenes.COUNTS)
    ground = np.zeros((50, 64, 64, 3), np.float32)
    white = np.full(50, canvas.COLOUR_NAMES.index("white"))
    disc = np.full(50, shapes.SHAPES.index("disc"))
    picture = scenes.several(ground, numbers, disc, white, rng)
    assert [label(one.max(axis=-1) > 0.4)[1] for one in picture] == (numbers + 1).tolist()


def test_an_upright_glyph_is_drawn_as_pillow_draws_it():
    rng, one = np.random.default_rng(0), np.ones(1)
    letter = glyphs.masks(
        np.array([glyphs.LETTERS.index("L")]), glyphs.LETTERS, ("DejaVuSans",), 64, 0 * one, 0 * one, one, 0 * one, rng
    )[0]
    assert letter[8:56, 18:24].mean() > 0.5 > 0.1 > letter[8:40, 36:].mean(), (
        "an L has its stem on the left, nothing at the top right"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train_labels": np.zeros(5, int)}, ("train", "12 images", "5 labels")),
        ({"test_labels": np.zeros(5, int)}, ("test", "6 images", "5 labels")),
        ({"train_images": np.zeros((12, 8, 8), np.float32)}, ("train_images", "float32", "uint8")),
        ({"train_labels": np.zeros(12)}, ("train_labels", "float64")),
        ({"test_images": np.zeros((6, 8, 8, 4), np.uint8)}, ("test_images", "(6, 8, 8, 4)")),
        ({"test_images": np.zeros((6, 8), np.uint8)}, ("test_images", "(6, 8)")),
        ({"test_labels": np.array([0, 1, 2, 0, 1, 3])}, ("test", "label 3", "3 classes")),
        ({"train_labels": np.arange(12) % 3 - 1}, ("train", "label -1")),
        ({"test_images": np.zeros((0, 8, 8), np.uint8), "test_labels": np.zeros(0, int)}, ("test", "empty")),
        ({"train_images": np.zeros((0, 8, 8), np.uint8), "train_labels": np.zeros(0, int)}, ("train", "empty")),
        ({"train_labels": np.ones(12, int)}, ("one class",)),
        (
            {"class_names": np.array(["only"]), "train_labels": np.zeros(12, int), "test_labels": np.zeros(6, int)},
            ("1 class",),
        ),
        ({"class_names": np.array(["a", "a", "b"])}, ("'a'",)),
        ({"class_names": np.array([1, 2, 3])}, ("class_names", "int64")),
        ({"class_names": None}, ("no array 'class_names'",)),
        ({"test_images": None}, ("no array 'test_images'",)),
        ({"train_labels": np.array([object()] * 12, dtype=object)}, ("train_labels", "pickled")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, (dict, tuple)) else str(value),
)
def test_a_faulty_npz_is_refused_in_one_line(tmp_path, changes, words):
    refused(lambda: load_npz(tmp_path, **changes), "task mine", *words)


def test_a_missing_truncated_or_foreign_npz_is_refused(tmp_path):
    def load(path):
        return tasks.load(row("mine", "npz", path=str(path)), size=16, seed=0)

    refused(lambda: load(tmp_path / "none.npz"), "task mine", "none.npz", "no such file")
    refused(lambda: load(""), "task mine", "path")
    whole = tmp_path / "whole.npz"
    np.savez(whole, **arrays())
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:-200])
    refused(lambda: load(tmp_path / "cut.npz"), "cut.npz", "not a whole .npz")
    (tmp_path / "text.npz").write_text("hello")
    refused(lambda: load(tmp_path / "text.npz"), "text.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    refused(lambda: load(tmp_path / "one.npy"), "one.npy")
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "bad.npz", "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name)[:-7])
    refused(lambda: load(tmp_path / "bad.npz"), "bad.npz")


def test_faulty_rows_are_refused_in_one_line():
    def load(*arguments, **columns):
        return lambda: tasks.load(row(*arguments, **columns), size=16, seed=0)

    refused(load("t", "proceduraly"), "task t", "'procedural'")
    refused(load("shape"), "task shape", "did you mean 'shapes'")
    refused(load("shapes", options="tran=10"), "task shapes", "did you mean 'train'")
    refused(load("shapes", options="train=0"), "train", "'0'")
    refused(load("shapes", options="train=many"), "'many'")
    refused(load("shapes", options="train"), "name=value")
    refused(load("fills", classes="a|b"), "2 names", "4 classes")
    refused(load("fills", prompts="a shape"), "'a shape'", "{}")
    refused(load("digits", "digits", options="test=1797"), "test=1797")
    refused(load("shapes", options="train=1"), "train")


def test_a_damaged_task_file_is_refused(tmp_path):
    path = tmp_path / "t.safetensors"
    refused(lambda: tasks.open_task(path), "no such file")
    path.write_bytes(b"nothing")
    refused(lambda: tasks.open_task(path), "t.safetensors", "not a whole file")
    task = tasks.load(row("fills", options="train=20 test=10"), size=16, seed=0)
    tasks.save(path, task)
    path.write_bytes(path.read_bytes()[:-50])
    refused(lambda: tasks.open_task(path), "t.safetensors", "not a whole file")


def test_tasks_are_drawn_without_torch():
    import subprocess
    import sys

    code = (
        "import sys; from mergecast import tasks; from mergecast.tasks import captions;"
        "captions.drawn_corpus(20, size=16, seed=0);"
        "tasks.load({'task': 'digits', 'source': 'digits'}, size=16, seed=0); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode == 0
