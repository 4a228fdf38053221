"""Files are whole or absent; JSON is strict."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from mergecast.errors import MergecastError
from mergecast.files import atomic, read_json, sweep, versions, write_json, write_text


def test_a_failure_leaves_neither_the_file_nor_a_part_of_it(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic(tmp_path / "result.json") as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_file_may_be_read_by_whom_the_users_mask_lets(mask, tmp_path):
    """A temporary file is its owner's alone; a result in a shared folder must not be."""
    before = os.umask(mask)
    try:
        write_text(tmp_path / "result.txt", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "result.txt").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_failure_keeps_what_was_there_before(tmp_path):
    path = tmp_path / "result.json"
    write_json(path, {"value": 1})
    with pytest.raises(MergecastError, match="not finite"):
        write_json(path, {"value": float("nan")})
    assert read_json(path) == {"value": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_holds_no_number_that_is_not_finite(value, tmp_path):
    with pytest.raises(MergecastError, match="result.json"):
        write_json(tmp_path / "result.json", {"deep": [value]})


def test_json_keeps_every_bit_of_a_float(tmp_path):
    value = 0.1 + 0.2
    write_json(tmp_path / "result.json", {"value": value})
    assert read_json(tmp_path / "result.json")["value"] == value


def test_a_broken_result_is_named(tmp_path):
    (tmp_path / "result.json").write_text('{"value": ')
    with pytest.raises(MergecastError, match="result.json: is not JSON"):
        read_json(tmp_path / "result.json")
    with pytest.raises(MergecastError, match="other.json: no such file"):
        read_json(tmp_path / "other.json")


def test_a_folder_that_takes_no_file_is_one_clear_error(tmp_path):
    (tmp_path / "results").write_text("a file where a folder belongs")
    with pytest.raises(MergecastError, match="cannot be written"):
        write_text(tmp_path / "results" / "table.csv", "a,b")


def test_a_disk_that_fills_up_is_one_clear_error_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(MergecastError, match=r"table.csv: cannot be written \(No space left on device\); make room"):
        write_text(tmp_path / "table.csv", "a,b")
    assert list(tmp_path.iterdir()) == []


WRITER = """
import os, signal, sys
from mergecast.files import atomic
with atomic(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_is_swept_away_and_nothing_else(tmp_path, root):
    path = tmp_path / "results/tiny/table.csv"
    write_text(path, "old")
    write_text(tmp_path / "results/.table.training.safetensors", "a state to resume from")
    command = [sys.executable, "-c", WRITER, str(path)]
    result = subprocess.run(command, env={"PYTHONPATH": str(root / "workflow/scripts"), "PYTHONDONTWRITEBYTECODE": "1"})
    assert result.returncode == -signal.SIGKILL
    (left,) = path.parent.glob(".*")
    assert re.fullmatch(r"\.writing\.table\.csv\.\w+", left.name) and path.read_text() == "old"
    assert (left / "table.csv").read_text() == "half"
    assert sweep(tmp_path / "results") == [left]
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == [".table.training.safetensors", "table.csv"]
    assert sweep(tmp_path / "results") == sweep(tmp_path / "nowhere") == []


@pytest.mark.parametrize("format", ["json", "safetensors", "npz"])
def test_what_a_living_writer_is_at_is_not_swept_away(format, tmp_path):
    import numpy
    import torch
    from safetensors.torch import save_file

    writers = {
        "json": lambda file: file.write_text("{}"),
        "safetensors": lambda file: save_file({"x": torch.zeros(3)}, file),
        "npz": lambda file: numpy.savez(file, x=numpy.zeros(3)),
    }
    path = tmp_path / f"result.{format}"
    with atomic(path) as temporary:
        assert sweep(tmp_path) == []
        writers[format](temporary)
        assert sweep(tmp_path) == []
    assert list(tmp_path.iterdir()) == [path]


LIMITED = """
import resource, signal, sys
import numpy, pandas, torch
from mergecast import files
from mergecast.models import checkpoints
from mergecast.errors import MergecastError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
folder = sys.argv[1]
writers = {
    "table.csv": lambda path: files.write_csv(path, pandas.DataFrame({"x": numpy.arange(10_000)})),
    "checkpoint.safetensors": lambda path: checkpoints.save(path, {"visual.proj": torch.zeros(100, 100)}),
}
for name, write in writers.items():
    try:
        write(f"{folder}/{name}")
    except MergecastError as error:
        print(error)
"""


def test_a_disk_with_no_room_left_for_a_large_file_is_one_clear_error_whoever_writes(tmp_path, root):
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        env={"PYTHONPATH": str(root / "workflow/scripts"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    lines = result.stdout.splitlines()
    assert len(lines) == 2, result.stderr
    for line, name in zip(lines, ("table.csv", "checkpoint.safetensors"), strict=True):
        assert name in line and "cannot be written" in line and "make room" in line
    assert list(tmp_path.iterdir()) == []


def test_versions_name_the_packages_numbers_depend_on():
    found = versions()
    assert {"mergecast", "python", "torch", "numpy", "scikit-learn"} <= found.keys()
    assert json.loads(json.dumps(found)) == found


def test_in_a_checkout_the_commit_is_part_of_the_versions(root):
    if not (root / ".git").exists():
        pytest.skip("not a git checkout")
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", versions()["commit"])


def test_a_copy_inside_another_checkout_claims_no_commit_of_it(root, tmp_path):
    for command in (["init", "-q"], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    shutil.copytree(root / "workflow/scripts/mergecast", tmp_path / "mergecast")
    code = "from mergecast.files import versions; print(versions().get('commit'))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"PYTHONPATH": "."}, capture_output=True, text=True
    )
    assert result.stdout.strip() == "None", result.stderr
