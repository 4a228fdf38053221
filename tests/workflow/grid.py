"""Run Snakemake on a copy of the workflow with a grid so small that a whole run takes about a minute."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import yaml
from PIL import Image

PARTS = ("Snakefile", "config", "workflow", "profiles")
METRICS = ["task_vector_cosine_similarity", "subspace_overlap", "activation_cosine_similarity"]
METHODS = ["weight_avg", "dare"]
SMALL = {
    "tasks_file": "config/tasks.tsv",
    "seed": 0,
    "device": "cpu",
    "tasks": "all",
    "metrics": METRICS,
    "methods": METHODS,
    "method_parameters": {},
    "predictors": ["ridge"],
    "targets": ["normalised_accuracy", "retained"],
    "splits": {"loto": {"permutations": 6, "costly": 2}},
    "bootstrap": 20,
    "intervals": [0.8],
    "subsets": {"size": 3, "count": 2},
    "analysis": {"predictor": "ridge", "calibration_sizes": [2]},
    "calibration": {"images_per_task": 4},
    "evaluation": {"batch_size": 64},
    "tile": {"merges": 10, "metrics": 1000},
    "bases": {
        "tiny": {
            "kind": "pretrain",
            "model": "tiny-clip",
            "image_size": 32,
            "threads": 1,
            "corpus": {"procedural": 256},
            "training": {"steps": 40, "batch_size": 64, "warmup_steps": 4},
        }
    },
    "settings": {
        "tiny": {
            "base": "tiny",
            "recipe": {
                "optimizer": "AdamW",
                "learning_rate": 1e-3,
                "weight_decay": 0.1,
                "batch_size": 32,
                "steps": 20,
                "warmup_steps": 2,
                "evaluations": 1,
            },
        }
    },
}
# Rules of seconds, which run beside Snakemake itself wherever the others run; held against a real cluster in tests/slurm.
LOCAL = (
    "all|page|forecaster|forecasts_.*|figures_.*|table_.*|import_.*|"
    "analysis_(?!ablation|greedy|transfer|frontier|split__half).*"
)
HEADER = ("task", "source", "path", "options", "classes", "prompts", "epochs", "steps")
TASKS = {
    "shapes": ("procedural", "figure=shapes train=120 test=60"),
    "letters": ("procedural", "figure=letters train=120 test=60"),
    "lines": ("procedural", "figure=lines train=120 test=60"),
    "digits": ("digits", ""),
}


class Grid:
    """A folder with the workflow and one small configuration; `results` is what a run left in it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.results = folder / "results"
        self.setting = self.results / "tiny"

    @classmethod
    def new(cls, root: Path, folder: Path, config: dict = SMALL, tasks: dict = TASKS) -> "Grid":
        for part in PARTS:
            copy = shutil.copytree if (root / part).is_dir() else shutil.copy2
            folder.mkdir(parents=True, exist_ok=True)
            copy(root / part, folder / part)
        grid = cls(folder)
        grid.write_tasks(tasks)
        grid.write_config(config)
        return grid

    def copy(self, folder: Path) -> "Grid":
        """The same grid, with all its results and what Snakemake knows of them."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Grid(folder)

    def write_tasks(self, tasks: dict) -> None:
        rows = [HEADER, *((name, source, "", options, "", "", "", "") for name, (source, options) in tasks.items())]
        (self.folder / "config/tasks.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))

    def add_pictures(self, task: str, source: str, path: str) -> None:
        """Folders of pictures named like the task, and a row for it that says where they come from."""
        rng = numpy.random.default_rng(0)
        for part, count in (("train", 20), ("test", 6)):
            for name in ("robin", "wren"):
                folder = self.folder / task / part / name
                folder.mkdir(parents=True)
                for index in range(count):
                    Image.fromarray(rng.integers(0, 256, (40, 48, 3), dtype=numpy.uint8)).save(folder / f"{index}.png")
        table = self.folder / "config/tasks.tsv"
        table.write_text(table.read_text() + f"{task}\t{source}\t{path}\t\t\t\t\t\n")

    def write_config(self, config: dict) -> None:
        (self.folder / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run Snakemake in the folder; with `check`, fail with its output if it does not succeed."""
        result = subprocess.run(
            self.command(*arguments), cwd=self.folder, env=environment(), text=True, capture_output=True, timeout=3000
        )
        if check:
            assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-8000:]
        return result

    def planned(self, *arguments: str) -> "Plan":
        """What a dry run says would run."""
        result = self.run("--dry-run", *arguments)
        return Plan(result.stdout + result.stderr)

    def run_until(self, sign: str, *arguments: str) -> None:
        """Start a run and kill it, with all its children, by SIGKILL as soon as a file that matches `sign` is there."""
        process = subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 600
        try:
            while not list(self.folder.glob(sign)):
                assert process.poll() is None, f"the run ended before {sign} appeared"
                assert time.monotonic() < deadline, f"{sign} never appeared"
                time.sleep(0.02)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def tables(self) -> dict[str, bytes]:
        """Bytes of every table."""
        found = {path.name: path.read_bytes() for path in sorted(self.setting.glob("tables/*.csv"))}
        assert found, "no tables were made"
        return found

    def values(self, metric: str) -> dict[str, bytes]:
        """The value of one metric for every pair, by file name."""
        return {path.name: json.loads(path.read_text())["value"] for path in self.setting.glob(f"metrics/{metric}/*.json")}


class Plan:
    """Jobs of a dry run: outputs by rule."""

    def __init__(self, text: str):
        self.text = text
        self.jobs: list[tuple[str, tuple[str, ...]]] = []
        for block in re.split(r"\n(?=(?:local)?rule )", text)[1:]:
            name = re.match(r"(?:local)?rule (\S+):", block).group(1)
            output = re.search(r"^    output: (.*)$", block, re.MULTILINE)
            self.jobs.append((name, tuple(output.group(1).split(", ")) if output else ()))

    @property
    def submitted(self) -> list[str]:
        """Rules of the jobs that a cluster would be given, one by one."""
        return [name for name, _ in self.jobs if not re.fullmatch(LOCAL, name)]

    @property
    def outputs(self) -> set[str]:
        return {path for _, outputs in self.jobs for path in outputs}

    def matching(self, pattern: str) -> set[str]:
        """Planned outputs that a regular expression matches from their start, without `results/tiny/`."""
        short = {path.removeprefix("results/tiny/") for path in self.outputs}
        return {path for path in short if re.match(pattern, path)}

    @property
    def nothing(self) -> bool:
        return "Nothing to be done" in self.text and not self.jobs


def environment() -> dict[str, str]:
    """The environment of a run: no configuration from outside, and never a network."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SNAKEMAKE")}
    return kept | {"HF_HUB_OFFLINE": "1"}
