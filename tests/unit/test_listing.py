"""A folder's pictures are read whatever their endings, and what is passed over is said."""

import io
import os
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mergecast import tasks
from mergecast.errors import WARNING, MergecastError
from mergecast.forecasting.images import of_path
from mergecast.tasks import listing
from mergecast.workflow.job_log import JobLog

BINARY = b"\x00\x01\x02" * 9
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0a" * 32 + b"\nsize 351000000\n"
BEFORE = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm")
SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"RIFF", b"GIF8", b"II", b"MM", b"P", b"\xff\x4f\xff\x51")
READ = {
    **dict.fromkeys((".jfif", ".jpe", ".JPG", ".jpeg"), "jpeg"),
    **dict.fromkeys((".png", ".apng", "", ".7", ". Smith", ".0001"), "png"),
    **dict.fromkeys((".jp2", ".j2k"), "jpeg2000"),
    ".avif": "avif",
    ".webp": "webp",
    ".bmp": "bmp",
    ".gif": "gif",
    ".tif": "tiff",
    ".pnm": "ppm",
}
TOLD = {
    "a format of elsewhere": ("x.heic", BINARY, ".heic"),
    "a picture under a foreign ending": ("x.dng", None, ".dng"),
    "a copy that an editor left": ("x.png~", None, ".png~"),
    "a film": ("x.MP4", BINARY, ".mp4"),
    "no picture and no ending": ("x", BINARY, "without ending"),
    "a drawing": ("x.svg", b"<?xml version='1.0'?><svg></svg>", ".svg"),
    "a pointer to a picture": ("x.heic", POINTER, ".heic"),
    "a document": ("x.pdf", b"%PDF-1.4\n\x00", ".pdf"),
}
UNTOLD = {
    "a hidden file": (".x.heic", BINARY),
    "a hidden picture": (".x.png", None),
    "thumbnails": ("Thumbs.db", BINARY),
    "a folder's settings": ("desktop.ini", "[ViewState]".encode("utf-16")),
    **{f"text in {end}": (f"x{end}", b"words, caf\xe9\n") for end in (".txt", ".md", ".csv", ".json", ".xml", ".html")},
    "text without an ending": ("LICENSE", b"words\n"),
    "text of two bytes a letter": ("x.tsv", "class\tname".encode("utf-16")),
    "nothing": ("x.lock", b""),
    "a picture in a hidden folder": (".cache/x.png", None),
}


def encoded(kind="png", seed=0) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def put(path, content=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded() if content is None else content)


@pytest.fixture
def pets(tmp_path):
    """Two classes of three pictures in either split."""
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            for number in range(3):
                put(tmp_path / "pets" / part / name / f"{number}.png", encoded(seed=number))
    return tmp_path / "pets"


def load(root, **columns):
    return tasks.load({"task": "pets", "source": "folder", "path": str(root), **columns}, size=8, seed=0)


def warned(capsys) -> str:
    """What was said on stderr: one line, or nothing."""
    err = capsys.readouterr().err
    assert err.count("\n") == bool(err) and (not err or err.startswith(WARNING))
    return err


def test_pictures_of_the_same_kind_are_read_whatever_they_are_called(tmp_path, capsys):
    for part in ("train", "test"):
        for number in range(12):
            end, kind = ((".png", "png"), (".jfif", "jpeg"), (".jfif", "jpeg"), (".jpe", "jpeg"))[number % 4]
            put(tmp_path / part / "cat" / f"{number}{end}", encoded(kind))
            put(tmp_path / part / "dog" / f"{number}.png")
    task = load(tmp_path)
    assert (len(task.train) + len(task.val), len(task.test)) == (24, 24) and warned(capsys) == ""


@pytest.mark.parametrize("end", READ)
def test_a_picture_is_read(end, pets, capsys):
    put(pets / "train" / "cat" / f"Dr{end}", encoded(READ[end]))
    task = load(pets)
    assert len(task.train) + len(task.val) == 7 and warned(capsys) == ""


def test_what_was_read_by_its_ending_still_is_and_in_the_same_order(tmp_path):
    names = [f"{number}{end}" for number, end in enumerate(BEFORE)] + ["B.PNG", "a.png"]
    for name in names:
        put(tmp_path / name, BINARY)  # damaged ones too: they are an error when they are reached
    assert listing.survey(tmp_path) == (sorted(names), Counter())


@pytest.mark.parametrize("end", sorted({*BEFORE, ".jfif", ".jp2", ".avif"}))
def test_a_damaged_picture_is_refused_and_not_passed_over(end, pets):
    put(pets / "train" / "cat" / f"x{end}", encoded()[:30])
    with pytest.raises(MergecastError, match=rf"cat/x\{end}: is no whole picture"):
        load(pets)


@pytest.mark.parametrize("kind", TOLD)
@pytest.mark.parametrize("place", ["train/cat", "test/dog"])
def test_what_is_passed_over_is_said_in_one_line(kind, place, pets, capsys):
    name, content, end = TOLD[kind]
    put(pets / place / name, content)
    task = load(pets)
    assert (len(task.train) + len(task.val), len(task.test)) == (6, 6)
    assert f"task pets: {pets}: 1 file is passed over: {place} 1 (1 {end}); save" in warned(capsys)


@pytest.mark.parametrize("kind", UNTOLD)
@pytest.mark.parametrize("place", ["train/cat", "train/cat/more", "train"])
def test_clutter_is_not_worth_a_word(kind, place, pets, capsys):
    name, content = UNTOLD[kind]
    put(pets / place / name, content)
    assert len(load(pets).test) == 6 and warned(capsys) == ""


def test_folders_below_and_files_beside_the_classes_are_counted_apart(pets, capsys):
    for name in ("train/cat/more/a.png", "train/cat/more/deeper/b.jfif", "train/cat/more/c.heic", "train/cat/d.heic", "test/e"):
        put(pets / name, BINARY if name.endswith("heic") else None)
    load(pets)
    expected = "train/cat 4 (1 .heic, 1 .heic in folders below, 1 .jfif in folders below, 1 .png in folders below)"
    assert f"5 files are passed over: {expected}, test 1 (1 without ending); save" in warned(capsys)


def test_a_class_of_nothing_but_others_says_what_it_holds(pets):
    for number in range(3):
        (pets / "test" / "dog" / f"{number}.png").rename(pets / "test" / "dog" / f"{number}.heic")
        put(pets / "test" / "dog" / f"{number}.heic", BINARY)
    with pytest.raises(MergecastError, match="test/dog: holds no picture, but 3 .heic; put some there as PNG or JPEG"):
        load(pets)


def test_links_count_as_what_they_lead_to(pets, capsys):
    folder = pets / "train" / "cat"
    os.symlink(pets / "test" / "cat" / "0.png", folder / "link")
    os.symlink(pets / "test" / "cat", folder / "linked")
    os.symlink("loop", folder / "loop")
    os.mkfifo(folder / "pipe")
    task = load(pets)
    assert len(task.train) + len(task.val) == 7
    told = "5 files are passed over: train/cat 5 (3 .png in folders below, 2 without ending)"
    assert told in warned(capsys)


def test_images_to_forecast_with_are_warned_of_once(pets, capsys):
    put(pets / "test" / "cat" / "x.heic", BINARY)
    assert len(of_path("pets", pets / "test", size=8, most=9, seed=0).split) == 6
    assert "1 file is passed over: cat 1 (1 .heic)" in warned(capsys)


@given(
    st.dictionaries(
        st.text(min_size=1),
        st.dictionaries(st.sampled_from(["", ".heic", ".mp4", ".psd", ".dng", ".svg", listing.BELOW]), st.integers(1, 9)),
    )
)
def test_a_remark_is_one_line_with_the_right_total(folders):
    others = {place: Counter(counts) for place, counts in folders.items()}
    line, total = listing.remark(others), sum(counter.total() for counter in others.values())
    assert (line is None) == (total == 0)
    if line:
        assert line.isprintable() and int(line.split()[0]) == total
        named = {place: counter for place, counter in others.items() if counter}
        assert ("more folders" in line) == (len(named) > listing.MOST)


@given(st.binary(max_size=300), st.sampled_from(sorted(set(READ.values()))), st.integers(0, 40))
def test_without_an_ending_only_what_begins_as_a_picture_is_one(noise, kind, length):
    """And no content ends the search."""
    content = encoded(kind)[:length] + noise
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x").write_bytes(content)
        Path(folder, "y").write_bytes(encoded(kind) + noise)
        pictures, others = listing.survey(folder)
    assert "y" in pictures and len(pictures) + others.total() <= 2
    assert "x" not in pictures or content.startswith(SIGNATURES) or content[4:8] in (b"ftyp", b"jP  ")


def test_a_warning_in_a_job_reaches_its_log_and_the_terminal(tmp_path):
    terminal = io.StringIO()
    log = JobLog(tmp_path / "log", terminal)
    print("task pets train: 100%", file=log)
    print(f"{WARNING}task pets: 3 files are passed over", file=log)
    assert terminal.getvalue() == "mergecast: warning: task pets: 3 files are passed over\n"
    assert (tmp_path / "log").read_text() == "task pets train: 100%\n" + terminal.getvalue()
