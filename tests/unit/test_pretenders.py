"""A small text in the place of a big file is called what it is, wherever that file is read."""

import io
import json
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import save as packed
from safetensors.torch import save_file

from mergecast import tasks
from mergecast.cli import main
from mergecast.errors import MergecastError
from mergecast.features import _store
from mergecast.forecasting.images import of_path
from mergecast.models.checkpoints import State
from mergecast.models.encoders import open_head
from mergecast.models.external import lora
from mergecast.models.external.reading import read
from mergecast.prediction import forecaster
from mergecast.pretenders import HEAD, no_weights, pretender
from mergecast.tasks.pictures import decode

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0a" * 32 + b"\nsize 351000000\n"
TEXTS = {
    "a pointer of Git LFS": (POINTER, "is a Git LFS pointer, not the weights; run `git lfs pull`"),
    "one of its old name": (POINTER.replace(b"git-lfs", b"hawser"), "is a Git LFS pointer"),
    "with an extension": (POINTER.replace(b"oid", b"ext-0-foo sha256:" + b"1" * 64 + b"\noid"), "is a Git LFS pointer"),
    "with Windows' line ends": (POINTER.replace(b"\n", b"\r\n"), "is a Git LFS pointer"),
    "a pointer of git-annex": (b"/annex/objects/MD5-s9--0a\n", "is a git-annex pointer, not the weights; run `git annex get`"),
    "the text of its link": (b"../.git/annex/objects/Xk/9f/SHA256E-s9--0a.pt/SHA256E-s9--0a.pt", "is a git-annex pointer"),
    "a page": (b"<!DOCTYPE html><html><body>Please sign in</body></html>", "is a web page; download the file itself"),
    "a page after a mark and blanks": (b"\xef\xbb\xbf\n\n <!doctype  HTML>\n<p>", "is a web page"),
    "a page after a comment": (b"<!-- saved -->\n<HTML lang=en>", "is a web page"),
    "a page of XML": (b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">', "is a web page"),
    "a long page": (b"<html><head>" + b"x" * 10**5, "is a web page"),
    "an answer of an object store": (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>',
        "is the error message of a server (<?xml",
    ),
    "an answer in JSON": (
        b'{"error": "No repository, error 404"}\n',
        'server ({"error": "No repository, error 404"}); download',
    ),
    "an answer in words": (b"404: Not Found", "is the error message of a server (404: Not Found); download the file itself"),
    "an answer in lines": (b"Entry\nnot found\n", "(Entry not found)"),
    "nothing": (b"", "is empty, and should hold the weights; copy or download it again"),
}
INNOCENT = {
    "a sentence": b"hello",
    "blanks": b" \n",
    "numbers of a picture": b"P3 2 1 255 403 404 405 1 2 3",
    "a drawing": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "a word in numbers": b"\x00\x01error",
    "a long text": b"error\n" * HEAD,
    "a pointer further down": b"x\n" + POINTER,
}
STARTS = ["", "version https://git-lfs.github.com/spec/v1\n", "<html>", "error "]


@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_is_called_what_it_is(kind, tmp_path):
    content, words = TEXTS[kind]
    (tmp_path / "x.bin").write_bytes(content)
    told = pretender(tmp_path / "x.bin", "weights")
    assert words in told and "\n" not in told and len(told) < 150
    assert pretender(io.BytesIO(content), "weights") == pretender(str(tmp_path / "x.bin"), "weights") == told


@pytest.mark.parametrize("kind", INNOCENT)
def test_other_texts_are_not_judged(kind):
    assert pretender(io.BytesIO(INNOCENT[kind]), "weights") is None


@given(
    st.binary(min_size=1, max_size=200),
    st.sampled_from(STARTS),
)
def test_whatever_the_bytes_there_is_one_line_or_none(noise, start):
    told = pretender(io.BytesIO(start.encode() + noise), "weights")
    assert told is None or (told.isprintable() and "\n" not in told)
    assert told or not start or start == "error "


@given(st.dictionaries(st.text("error<html>{}", min_size=1), st.integers(0, 4), min_size=1), st.binary(max_size=40))
def test_good_files_are_no_pretenders(sizes, noise):
    """Whatever the names in them say."""
    arrays = {name: np.resize(np.frombuffer(noise + b"\0", np.uint8), size) for name, size in sizes.items()}
    archive, picture = io.BytesIO(), io.BytesIO()
    np.savez(archive, error=np.array(list(sizes)))
    Image.fromarray(np.resize(np.frombuffer(noise + b"\0", np.uint8), (3, 5))).save(picture, "png", comment="<html>error")
    for content in (packed(arrays), archive.getvalue(), picture.getvalue()):
        assert pretender(io.BytesIO(content), "weights") is None


def test_a_link_of_git_annex_is_told_from_one_that_merely_leads_nowhere(tmp_path):
    (tmp_path / "cars.pt").symlink_to("../.git/annex/objects/Xk/9f/K/K")
    (tmp_path / "moved.pt").symlink_to("errors/not found.pt")
    with pytest.raises(MergecastError, match="cars.pt: is a git-annex pointer, not the weights; run `git annex get`"):
        read(tmp_path / "cars.pt")
    for name in ("moved.pt", "none.pt"):
        with pytest.raises(MergecastError, match=f"{name}: no such file; check the path"):
            read(tmp_path / name)


def folder(path, content):
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (path / part / name).mkdir(parents=True)
            for number in range(2):
                Image.new("RGB", (8, 8)).save(path / part / name / f"{number}.png")
    (path / "train" / "cat" / "0.png").write_bytes(content)
    return path


def row(path, source):
    return {"task": "pets", "source": source, "path": str(path)}


def written(path, content):
    path.write_bytes(content)
    return path


def below(folder, name, content):
    folder.mkdir()
    (folder / name).write_bytes(content)
    return folder


def numbers(path, content):
    (path / "images.json").write_text(json.dumps({"format": forecaster.FORMAT, "arrays_sha256": ""}))
    written(path / "images.safetensors", content)
    return path


DOORS = {
    "a state": ("x.safetensors", "weights", lambda path, content: State(written(path / "x.safetensors", content))),
    "a head": ("x.safetensors", "weights", lambda path, content: open_head(written(path / "x.safetensors", content))),
    **{
        f"weights in {end}": (f"x{end}", "weights", lambda path, content, end=end: read(written(path / f"x{end}", content)))
        for end in (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
    },
    "an adapter's configuration": (
        "adapter_config.json",
        "configuration",
        lambda path, content: lora.read_config(written(path / "adapter_config.json", content)),
    ),
    "a picture": ("x.png", "picture", lambda path, content: decode(str(written(path / "x.png", content)), str(path / "x.png"))),
    "a picture in a table": ("item 3", "picture", lambda path, content: decode(io.BytesIO(content), "item 3")),
    "a folder's picture": (
        "train/cat/0.png",
        "picture",
        lambda path, content: tasks.load(row(folder(path / "pets", content), "folder"), size=8, seed=0),
    ),
    "an archive of a task": (
        "x.npz",
        "arrays",
        lambda path, content: tasks.load(row(written(path / "x.npz", content), "npz"), size=8, seed=0),
    ),
    "an archive to forecast with": (
        "x.npz",
        "arrays",
        lambda path, content: of_path("cars", written(path / "x.npz", content), size=8, most=9, seed=0),
    ),
    "prepared images": (
        "x.safetensors",
        "images",
        lambda path, content: tasks.open_task(written(path / "x.safetensors", content)),
    ),
    "a feature": ("x.safetensors", "features", lambda path, content: _store.File(written(path / "x.safetensors", content))),
    "a feature of the grid": ("x.npz", "features", lambda path, content: _store.Table(written(path / "x.npz", content))),
    "a forecaster": (
        "images.safetensors",
        "forecaster",
        lambda path, content: forecaster.load(numbers(path, content), "images"),
    ),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", ["a pointer of Git LFS", "a page", "an answer in words", "nothing"])
def test_at_every_door_the_error_names_the_pretender(door, kind, tmp_path):
    name, what, enter = DOORS[door]
    content, words = TEXTS[kind]
    with pytest.raises(MergecastError) as caught:
        enter(tmp_path, content)
    told = str(caught.value)
    assert f"{name}: {words.replace('weights', what)}" in told and "\n" not in told


@pytest.mark.parametrize("end", ["parquet", "arrow"])
def test_a_data_set_cloned_without_its_pictures_names_the_first_pointer(end, tmp_path):
    pytest.importorskip("datasets")
    root = below(tmp_path / "pets", f"train-0.{end}", POINTER)
    (root / f"test-0.{end}").write_bytes(POINTER)
    (root / "README.md").write_text("404: Not Found")
    with pytest.raises(MergecastError, match=rf"pets: test-0.{end} is a Git LFS pointer, not the pictures; run `git lfs pull`"):
        tasks.load(row(root, "huggingface"), size=8, seed=0)


@pytest.fixture
def weights(tmp_path):
    """One state dict as every kind of file: by the first letters of what it is."""
    state = {"visual.proj": torch.ones(3, 4)}
    save_file(state, tmp_path / "s")
    torch.save(state, tmp_path / "z")
    torch.save(state, tmp_path / "p", _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        archive.write(tmp_path / "s", "model.safetensors")
    (tmp_path / "cut").write_bytes((tmp_path / "s").read_bytes()[:-4])
    return lambda kind, name: (tmp_path / kind).rename(tmp_path / name)


@pytest.mark.parametrize("kind", ["z", "p"])
def test_a_pickle_called_safetensors_is_told_its_ending_and_then_read(kind, weights):
    path = weights(kind, "cars.safetensors")
    with pytest.raises(MergecastError, match="cars.safetensors: is a PyTorch pickle; rename it to cars.pt$"):
        read(path)
    assert torch.equal(read(path.rename(path.with_suffix(".pt"))).tensors["visual.proj"], torch.ones(3, 4))


@pytest.mark.parametrize("end", [".pt", ".bin", ".ckpt"])
def test_a_safetensors_file_called_otherwise_is_told_its_ending_and_then_read(end, weights):
    path = weights("s", f"cars{end}")
    with pytest.raises(MergecastError, match=rf"cars\{end}: is a safetensors file; rename it to cars.safetensors$"):
        read(path)
    assert torch.equal(read(path.rename(path.with_suffix(".safetensors"))).tensors["visual.proj"], torch.ones(3, 4))


def test_a_pickle_where_a_safetensors_file_is_wanted_is_to_be_converted(weights):
    with pytest.raises(MergecastError, match="cars.pt: is a PyTorch pickle; `mergecast convert` makes a safetensors"):
        State(weights("z", "cars.pt"))


@pytest.mark.parametrize("end", [".safetensors", ".pt"])
def test_an_archive_of_something_else_is_to_be_unpacked(end, weights):
    with pytest.raises(MergecastError, match=rf"cars\{end}: is a zip archive, not the weights; unpack it first$"):
        read(weights("archive", f"cars{end}"))


def test_what_is_merely_damaged_keeps_its_error(weights):
    path = weights("cut", "cars.safetensors")
    assert no_weights(path, "safetensors") is None
    with pytest.raises(MergecastError, match="cars.safetensors: is not a whole safetensors file"):
        State(path)
    path = weights("z", "cars.pt")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MergecastError, match="cars.pt: cannot be read as plain tensors"):
        read(path)


def test_the_header_of_a_safetensors_file_is_not_taken_for_a_pickle(tmp_path):
    """A header of 640 bytes is announced by 80 02, as a pickle of protocol 2 is."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode().ljust(0x280)
    path = written(tmp_path / "cars.safetensors", len(header).to_bytes(8, "little") + header)
    assert path.read_bytes()[:2] == b"\x80\x02" and no_weights(path, "safetensors") is None


@pytest.mark.parametrize("command", ["metrics base base cars", "convert cars out", "inspect cars"])
@pytest.mark.parametrize("kind", ["a pointer of Git LFS", "a page"])
def test_the_command_line_ends_in_that_line_and_writes_nothing(command, kind, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, words = TEXTS[kind]
    save_file({"visual.proj": torch.ones(3, 4)}, "base.safetensors")
    written(tmp_path / "cars.safetensors", content)
    names = {name: f"{name}.safetensors" for name in ("base", "cars", "out")}
    before = set(tmp_path.iterdir())
    with pytest.raises(SystemExit) as caught:
        main([names.get(word, word) for word in command.split()])
    assert caught.value.code == 1 and set(tmp_path.iterdir()) == before
    assert capsys.readouterr().err == f"mergecast: error: cars.safetensors: {words}\n"
