"""Pictures in folders and data sets of the library `datasets`: what becomes of them, and what is refused."""

import io
import os
import shutil
import sys
import tarfile

import numpy as np
import pytest
from PIL import Image

from mergecast import tasks
from mergecast.errors import MergecastError
from mergecast.tasks import pictures
from mergecast.tasks.sources import folder, huggingface

datasets = pytest.importorskip("datasets")
CLASSES = ("big_cat", "dog", "eel")
COUNTS = {"train": 12, "test": 6}


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """Nothing is asked of the hub, and what the library prepares lands in the test's own folder."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def pixels(part: str, size=(20, 30)) -> np.ndarray:
    """The pictures of a split: N×H×W×3."""
    return np.random.default_rng(len(part)).integers(0, 256, (COUNTS[part], *size, 3), dtype=np.uint8)


def labels(part: str) -> np.ndarray:
    return np.sort(np.arange(COUNTS[part]) % 3)


def encoded(image, kind="png", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def write_folder(root, names=("train", "test")):
    """`root/{train,test}/{class}/{index}.png`."""
    for part, name in zip(COUNTS, names, strict=True):
        for index, (image, label) in enumerate(zip(pixels(part), labels(part), strict=True)):
            file = root / name / CLASSES[label] / f"{index:02}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded(image))
    return root


def data_set(part: str, images=None, given=None, feature=None) -> "datasets.Dataset":
    """A split as the library has it; other pictures (encoded), labels and kind of label where they are given."""
    images = [encoded(image) for image in pixels(part)] if images is None else images
    features = {"image": datasets.Image(), "label": feature or datasets.ClassLabel(names=list(CLASSES))}
    columns = {"image": [image and {"bytes": image, "path": None} for image in images]}
    columns["label"] = labels(part).tolist() if given is None else given
    return datasets.Dataset.from_dict(columns, datasets.Features(features))


def saved(root, **changes):
    """A folder written by `save_to_disk`: the splits, or others in their place."""
    splits = {part: data_set(part) for part in COUNTS} | changes
    datasets.DatasetDict({part: split for part, split in splits.items() if split is not None}).save_to_disk(root)
    return root


def parquet(root):
    root.mkdir()
    for part in COUNTS:
        data_set(part).to_parquet(root / f"{part}-00000-of-00001.parquet")
    return root


def npz(path):
    arrays = {f"{part}_images": pixels(part) for part in COUNTS} | {f"{part}_labels": labels(part) for part in COUNTS}
    np.savez(path, class_names=np.array(CLASSES), **arrays)
    return path


def load(source, path, size=20, **columns):
    return tasks.load({"task": "pets", "source": source, "path": str(path), **columns}, size=size, seed=0)


def refused(action, *words):
    with pytest.raises(MergecastError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message and message.startswith("task pets: ")
    for word in words:
        assert word in message
    return message


@pytest.mark.parametrize("kind", ["folder", "saved", "parquet", "imagefolder"])
def test_every_source_gives_the_same_task_for_the_same_pictures(kind, tmp_path):
    expected = load("npz", npz(tmp_path / "pets.npz"))
    write = {"folder": write_folder, "saved": saved, "parquet": parquet, "imagefolder": write_folder}[kind]
    found = load("folder" if kind == "folder" else "huggingface", write(tmp_path / "pets"))
    assert found.class_names == expected.class_names == ("big cat", "dog", "eel")
    for part in ("train", "val", "test"):
        assert np.array_equal(getattr(found, part).images, getattr(expected, part).images)
        assert np.array_equal(getattr(found, part).labels, getattr(expected, part).labels)


def test_classes_and_pictures_come_in_the_order_of_their_names_whatever_else_lies_there(tmp_path):
    root = write_folder(tmp_path / "pets")
    for path in (root / "train" / "notes.txt", root / "train" / "dog" / "Thumbs.db", root / "test" / "dog" / ".hidden.png"):
        path.write_bytes(b"nothing")
    (root / "train" / ".cache").mkdir()
    shutil.move(root / "test" / "eel" / "04.png", root / "test" / "eel" / "99.PNG")
    task = load("folder", root, classes="lion|wolf|fish")
    assert task.class_names == ("lion", "wolf", "fish")
    order = [0, 1, 2, 3, 5, 4]
    assert np.array_equal(task.test.images, load("npz", npz(tmp_path / "pets.npz")).test.images[order])


def test_the_folders_of_the_splits_may_have_other_names(tmp_path):
    root = write_folder(tmp_path / "pets", ("Training", "val"))
    assert len(load("folder", root, options="train=Training test=val").test) == 6
    refused(lambda: load("folder", root), "pets/train", "cannot be read", "No such file")


def test_pictures_of_different_sizes_are_one_task(tmp_path):
    root = write_folder(tmp_path / "pets")
    tall = np.random.default_rng(1).integers(0, 256, (50, 20, 3), dtype=np.uint8)
    (root / "test" / "big_cat" / "00.png").write_bytes(encoded(tall))
    task = load("folder", root)
    assert task.test.images.shape == (6, 20, 20, 3)
    assert np.array_equal(task.test.images[0], tall[15:35]), "the centre of a tall picture is what is kept"


def test_emnist_is_turned_by_exchanging_rows_and_columns(tmp_path):
    root = saved(tmp_path / "pets")
    as_is, turned = (load("huggingface", root, options=f"transpose={answer}") for answer in ("no", "yes"))
    assert np.array_equal(turned.test.images, as_is.test.images.swapaxes(1, 2))
    first = Image.fromarray(as_is.test.images[0])
    published = first.rotate(-90).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert np.array_equal(turned.test.images[0], np.asarray(published)), "as the published study turns them"


def test_columns_and_splits_may_have_other_names(tmp_path):
    named = {"image": "jpg", "label": "cls"}
    root = saved(
        tmp_path / "pets",
        train=data_set("train").rename_columns(named),
        test=None,
        validation=data_set("test").rename_columns(named),
    )
    task = load("huggingface", root, options="image=jpg label=cls test=validation")
    assert np.array_equal(task.test.labels, labels("test"))


def test_text_labels_become_classes_in_sorted_order(tmp_path):
    words = {part: [("zebra", "ant", "moth")[label] for label in labels(part)] for part in COUNTS}
    text = datasets.Value("string")
    task = load(
        "huggingface", saved(tmp_path / "pets", **{part: data_set(part, given=words[part], feature=text) for part in COUNTS})
    )
    assert task.class_names == ("ant", "moth", "zebra")
    assert task.test.labels.tolist() == [task.class_names.index(word) for word in words["test"]]


@pytest.mark.parametrize("kind", ["int64", "bool"])
def test_numbers_and_truths_are_labels_once_classes_name_them(kind, tmp_path):
    given = {part: [bool(label) if kind == "bool" else int(label) for label in labels(part) > 0] for part in COUNTS}
    feature = datasets.Value(kind)
    root = saved(tmp_path / "pets", **{part: data_set(part, given=given[part], feature=feature) for part in COUNTS})
    task = load("huggingface", root, classes="cat|other")
    assert task.class_names == ("cat", "other") and task.test.labels.tolist() == [0, 0, 1, 1, 1, 1]
    refused(lambda: load("huggingface", root), "'label'", "numbers without names", "`classes`")


def test_pictures_of_any_kind_become_rgb_of_eight_bits(tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    image = Image.fromarray(colour)

    def decoded(picture, kind="png", **options):
        buffer = io.BytesIO()
        picture.save(buffer, kind, **options)
        return pictures.decode(io.BytesIO(buffer.getvalue()), "here")

    grey = np.asarray(image.convert("L"))
    assert np.array_equal(decoded(image.convert("L")), np.stack([grey] * 3, axis=-1))
    palette = image.convert("P", palette=Image.Palette.ADAPTIVE)
    assert np.array_equal(decoded(palette), np.asarray(palette.convert("RGB")))
    assert np.array_equal(decoded(palette, transparency=bytes(range(256))), np.asarray(palette.convert("RGB")))
    translucent = image.copy()
    translucent.putalpha(Image.fromarray(grey))
    assert np.array_equal(decoded(translucent), colour), "transparency is dropped, as CLIP's transform does"
    cmyk = image.convert("CMYK")
    assert np.array_equal(decoded(cmyk, "tiff"), np.asarray(cmyk.convert("RGB")))
    assert set(np.unique(decoded(image.convert("1")))) == {0, 255}


@pytest.mark.parametrize("kind", ["png", "tiff", "ppm"])
def test_sixteen_bits_keep_their_white_and_become_eight(kind):
    deep = np.array([[0, 257, 32768], [65535, 128, 129]], np.uint16)
    assert pictures.decode(io.BytesIO(encoded(deep, kind)), "here").tolist() == [[0, 1, 128], [255, 0, 1]]


def test_a_picture_is_turned_upright_as_its_exif_says():
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert np.array_equal(pictures.decode(io.BytesIO(encoded(image, exif=exif)), "here"), np.rot90(image, -1))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "bmp", "tiff", "ppm"])
def test_damaged_pictures_are_refused_or_read_and_nothing_else(kind):
    rng = np.random.default_rng(0)
    whole = encoded(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8), kind)
    with pytest.raises(MergecastError, match="^here: is no whole picture"):
        pictures.decode(io.BytesIO(whole[: len(whole) // 3]), "here")
    refusals = 0
    for _ in range(150):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[rng.integers(0, min(200, len(damaged)), 6)] = rng.integers(0, 256, 6)
        try:
            assert pictures.decode(io.BytesIO(damaged.tobytes()), "here").dtype == np.uint8
        except MergecastError as error:
            assert "\n" not in str(error)
            refusals += 1
    assert refusals > 0


BROKEN_FOLDERS = {
    "a picture cut short": (lambda root: cut(root / "test/dog/02.png"), ("test/dog/02.png", "no whole picture")),
    "text for a picture": (
        lambda root: (root / "train/eel/09.png").write_text("x"),
        ("train/eel/09.png", "of no known format"),
    ),
    "a class without pictures": (lambda root: empty(root / "train/dog"), ("train/dog", "holds no picture")),
    "a class for training alone": (lambda root: shutil.rmtree(root / "test/eel"), ("'eel'", "not in", "pets/test")),
    "a class for testing alone": (lambda root: shutil.rmtree(root / "train/eel"), ("'eel'", "not in", "pets/train")),
    "no classes": (lambda root: empty(root / "test"), ("pets/test", "has no folder in it")),
    "no folder for testing": (lambda root: shutil.rmtree(root / "test"), ("pets/test", "cannot be read")),
    "a folder that leads nowhere": (lambda root: loop(root / "test"), ("pets/test", "cannot be read", "symbolic links")),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:-400])


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def loop(path):
    shutil.rmtree(path)
    os.symlink(path, path)


@pytest.mark.parametrize("fault", BROKEN_FOLDERS)
def test_a_faulty_folder_is_refused_in_one_line(fault, tmp_path):
    breaks, words = BROKEN_FOLDERS[fault]
    breaks(write_folder(tmp_path / "pets"))
    refused(lambda: load("folder", tmp_path / "pets"), *words)


def first_picture(change):
    images = [encoded(image) for image in pixels("test")]
    return {"test": data_set("test", images=[change(images[0]), *images[1:]])}


def labelled(*first, feature=None):
    return {"test": data_set("test", given=[*first, *labels("test").tolist()[len(first) :]], feature=feature)}


BROKEN_DATA_SETS = {
    "no split": (lambda: {"test": None}, "", ("unknown split 'test'", "Known: train", "test=...")),
    "no column of pictures": (dict, "image=img", ("unknown column 'img'", "'image'")),
    "no column of labels": (dict, "label=fine_label", ("pets: train", "unknown column 'fine_label'")),
    "labels for pictures": (dict, "image=label", ("'label' holds no pictures",)),
    "pictures for labels": (dict, "label=image", ("'image' holds no labels", "label=...")),
    "a picture cut short": (lambda: first_picture(lambda image: image[:300]), "", ("test item 0", "no whole picture")),
    "no picture": (lambda: first_picture(lambda image: None), "", ("test item 0", "has no picture")),
    "no label": (lambda: labelled(0, -1), "", ("test item 1", "has no label")),
    "other classes": (lambda: labelled(feature=datasets.ClassLabel(names=["a", "b", "c"])), "", ("not those of the train",)),
    "unknown option": (dict, "split=test", ("unknown option 'split'",)),
    "neither yes nor no": (dict, "transpose=1", ("transpose must be yes or no",)),
}


@pytest.mark.parametrize("fault", BROKEN_DATA_SETS)
def test_a_faulty_data_set_is_refused_in_one_line(fault, tmp_path):
    changes, options, words = BROKEN_DATA_SETS[fault]
    root = saved(tmp_path / "pets", **changes())
    refused(lambda: load("huggingface", root, options=options), *words)


def test_text_that_the_train_split_does_not_have_is_refused(tmp_path):
    text = datasets.Value("string")
    words = {"train": list("abc" * 4), "test": list("abcabd")}
    root = saved(tmp_path / "pets", **{part: data_set(part, given=words[part], feature=text) for part in COUNTS})
    refused(lambda: load("huggingface", root), "pets: test", "class 'd' does not occur in the train split")


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_a_file_of_a_data_set_that_is_cut_short_is_refused(kind, tmp_path):
    root = (saved if kind == "arrow" else parquet)(tmp_path / "pets")
    (file,) = root.glob(f"**/*test*/*.{kind}") if kind == "arrow" else root.glob("test*.parquet")
    cut(file)
    fault = "message body" if kind == "arrow" else "Parquet magic bytes"
    refused(lambda: load("huggingface", root), str(root), "cannot be read", fault, "make it again")


def test_folders_that_hold_no_data_set_are_refused(tmp_path):
    data_set("train").save_to_disk(tmp_path / "single")
    (tmp_path / "empty").mkdir()
    refused(lambda: load("huggingface", tmp_path / "single"), "holds a single split", "DatasetDict")
    refused(lambda: load("huggingface", tmp_path / "empty"), "empty", "cannot be read")


def test_a_data_set_that_is_neither_here_nor_reachable_says_how_to_get_it():
    told = refused(lambda: load("huggingface", "owner/pets", options="name=small revision=v2"), "owner/pets", "HF_HOME")
    assert "datasets.load_dataset('owner/pets', 'small', revision='v2')" in told


def test_a_data_set_of_the_hub_that_is_in_the_cache_needs_no_network(tmp_path):
    expected = load("huggingface", parquet(tmp_path / "pets"))
    shutil.rmtree(tmp_path / "pets")
    (tmp_path / "cache/pets").rename(tmp_path / "cache/owner___pets")
    found = load("huggingface", "owner/pets")
    assert found.class_names == expected.class_names
    assert np.array_equal(found.train.images, expected.train.images)
    refused(lambda: load("huggingface", "owner/pets", options="name=large"), "owner/pets", "config 'large'", "`name`")


def test_a_local_data_set_that_was_changed_is_read_anew(tmp_path):
    before = load("huggingface", parquet(tmp_path / "pets"))
    data_set("test", given=labels("test")[::-1].tolist()).to_parquet(tmp_path / "pets/test-00000-of-00001.parquet")
    after = load("huggingface", tmp_path / "pets")
    assert after.test.labels.tolist() == before.test.labels[::-1].tolist()


def test_pictures_in_tar_files_are_read_as_fer2013_has_them(tmp_path):
    for part in COUNTS:
        (tmp_path / "faces" / part).mkdir(parents=True)
        with tarfile.open(tmp_path / "faces" / part / "0.tar", "w") as archive:
            for index, (image, label) in enumerate(zip(pixels(part), labels(part), strict=True)):
                for kind, content in (("cls", str(label).encode()), ("jpg", encoded(image, "jpeg"))):
                    entry = tarfile.TarInfo(f"s{index:07}.{kind}")
                    entry.size = len(content)
                    archive.addfile(entry, io.BytesIO(content))
    task = load("huggingface", tmp_path / "faces", options="image=jpg label=cls", classes="angry|happy|sad")
    assert task.class_names == ("angry", "happy", "sad") and np.array_equal(task.test.labels, labels("test"))


def test_without_the_library_it_is_said_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    refused(lambda: load("huggingface", tmp_path), "pip install 'mergecast[huggingface]'")


def test_pictures_are_decoded_when_they_are_reached_and_not_before(tmp_path, monkeypatch):
    reached = []
    for module in (folder, huggingface):
        monkeypatch.setattr(module, "decode", lambda file, origin: reached.append(origin) or np.zeros((8, 8, 3), np.uint8))
    for source, root in (("folder", write_folder(tmp_path / "a")), ("huggingface", saved(tmp_path / "b"))):
        task = tasks.find({"task": "pets", "source": source, "path": str(root)}, size=8, seed=0)
        assert reached == []
        tasks.save(tmp_path / "pets.safetensors", task)
        assert len(reached) == sum(COUNTS.values())
        reached.clear()
