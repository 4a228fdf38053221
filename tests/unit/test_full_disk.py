"""A disk that fills up during every kind of write: one line that names the file, nothing half-written, no old file lost."""

import subprocess
import sys
from dataclasses import replace

import numpy
import pandas
import pytest
import torch

from mergecast import files, tasks
from mergecast.charts import Figure, Panel, paper
from mergecast.errors import MergecastError
from mergecast.features import _make, _products, spectra
from mergecast.features._types import ProductTable, Spectrum
from mergecast.models import checkpoints
from mergecast.training.progress import Progress
from tmpfs import ROOM, fill, small_disk

SIZE = 4_000_000
N = 20_000  # numbers in each file


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", SIZE) as folder:
        yield folder


def text(path, version):
    files.write_text(path, f"{version}\n" * N)


def json_result(path, version):
    files.write_json(path, {"value": [version] * N})


def table(path, version):
    files.write_csv(path, pandas.DataFrame({"x": numpy.arange(N), "version": version}))


def checkpoint(path, version):
    checkpoints.save(path, {"visual.proj": torch.full((N,), float(version))}, {"version": version})


def spectrum(path, version):
    vectors = numpy.full((N // 10, 10), float(version))
    found = {"visual.proj": Spectrum(vectors[0], vectors, vectors, vectors)}
    origin = {"task": "shapes", "checkpoint_sha256": "0", "base_sha256": "1"}
    _make.save_tensors(path, spectra.arrays(found), origin, seal_each=True)


def products(path, version):
    values = numpy.full((N // 4, 2, 2), float(version))
    names = ("shapes", "letters"), tuple(map(str, range(N // 4)))
    arrays = _products.arrays(ProductTable(*names, values, values))
    _make.save_table(path, arrays, sha256={"shapes": "0", "letters": "1"}, base_sha256="2")


def images(path, version):
    task = tasks.load({"task": "shapes", "source": "procedural", "options": "train=60 test=20"}, size=32, seed=0)
    tasks.save(path, replace(task, prompts=(f"{version} {{}}",)))


def training(path, version):
    module = torch.nn.Linear(N, 1)
    Progress(path, seconds=0).save(version, module, torch.optim.SGD(module.parameters()), [])


def figure(kind):
    def write(path, version):
        points = [{"x": x, "y": float(numpy.sin(x * version))} for x in range(N)]
        axes = {axis: {"field": axis, "type": "quantitative"} for axis in "xy"}
        drawn = Panel("", {"data": {"values": points}, "mark": "line", "encoding": axes})
        paths = {each: path.parent.parent / f"other.{each}" for each in ("svg", "pdf")} | {kind: path}
        paper.save(Figure("sine", "Sine", "A line.", "A line.", [drawn]), paths["svg"], paths["pdf"])

    return write


KINDS = {
    "report.html": text,
    "result.json": json_result,
    "table.csv": table,
    "checkpoint.safetensors": checkpoint,
    "spectra.safetensors": spectrum,
    "products.npz": products,
    "images.safetensors": images,
    ".clip.training.safetensors": training,
    "figure.svg": figure("svg"),
    "figure.pdf": figure("pdf"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_disk_that_fills_up_costs_no_file_and_is_one_line_whoever_writes(name, disk):
    write, path, other = KINDS[name], disk / name, disk / f"new{name}"
    write(path, 1)
    old = path.read_bytes()
    assert len(old) > 2 * ROOM, "the file is larger than the room that will be left"
    ballast = fill(disk)
    for target in (path, other):
        with pytest.raises(MergecastError) as told:
            write(target, 2)
        assert str(told.value).startswith(f"{target}: cannot be written (") and "No space left" in str(told.value)
        assert "\n" not in str(told.value)
        assert sorted(disk.iterdir()) == sorted([path, ballast])
        assert path.read_bytes() == old
    ballast.unlink()
    write(path, 2)
    assert path.stat().st_size > ROOM and path.read_bytes() != old


JOB = """
import sys
from types import SimpleNamespace
from job import run
from mergecast.errors import MergecastError

def main(snakemake):
    for line in range(2000):
        print(f"line {line}", file=sys.stderr)
    if snakemake.fails:
        raise MergecastError("table.csv: cannot be written (No space left on device)")
    print("done")

run(main, SimpleNamespace(log=[sys.argv[1]], rule="table", fails=sys.argv[2] == "fails"))
"""


@pytest.mark.parametrize("room", [0, 4096], ids=["no room", "little room"])
@pytest.mark.parametrize("ends", ["fails", "well"])
def test_a_log_that_cannot_be_written_ends_no_job_and_hides_no_error(ends, room, disk, root):
    fill(disk, room)
    result = subprocess.run(
        [sys.executable, "-c", JOB, disk / "job.log", ends],
        env={"PYTHONPATH": str(root / "workflow/scripts"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    line = "mergecast: error: table.csv: cannot be written (No space left on device)\n"
    assert (result.returncode, result.stderr) == ((1, line) if ends == "fails" else (0, ""))
    assert (disk / "job.log").stat().st_size == room


def test_small_results_that_fill_a_disk_up_end_with_one_line_and_leave_nothing(disk):
    with pytest.raises(MergecastError, match=r"/\d+.json: cannot be written \(No space left on device\); make room"):
        for count in range(SIZE):
            files.write_json(disk / f"{count}.json", {})
    assert not list(disk.glob(".*"))
    assert all(files.read_json(path) == {} for path in disk.glob("*.json"))
