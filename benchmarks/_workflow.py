"""Copies of the workflow in a folder of their own, and what a dry run of one plans."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from _measure import ROOT

PARTS = ("Snakefile", "config", "workflow", "profiles")
HEADER = "task\tsource\tpath\toptions\tclasses\tprompts\tepochs\tsteps\n"


def copy(folder: Path) -> None:
    """The workflow as it is here, without results."""
    for part in PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy2)(ROOT / part, folder / part)


def grid(folder: Path, tasks: int | None = None, settings: int = 1) -> str:
    """Write the published configuration with its first settings and, if a number is given, so many procedural tasks.

    Returns the file's path in the folder. All methods, metrics and predictors; images are never made by a dry run.
    """
    config = yaml.safe_load((folder / "config/n20.yaml").read_text())
    name = f"config/grid-{tasks or 'published'}-{settings}"
    config["settings"] = dict(list(config["settings"].items())[:settings])
    config["device"] = "cpu"
    if tasks:
        config["tasks_file"] = f"{name}.tsv"
        rows = "".join(f"t{place:03}\tprocedural\t\tfigure=shapes\t\t\t\t\n" for place in range(tasks))
        (folder / config["tasks_file"]).write_text(HEADER + rows)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return f"{name}.yaml"


def snakemake(folder: Path, *arguments) -> str:
    """Run Snakemake in a folder, without a network and with no configuration from outside; all that it prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SNAKEMAKE")}
    command = [sys.executable, "-m", "snakemake", *map(str, arguments)]
    environment = kept | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout + done.stderr


def dry_run(folder: Path, *arguments) -> str:
    """What Snakemake prints of a plan."""
    return snakemake(folder, "--cores", 2, "--dry-run", *arguments)


def counts(text: str) -> dict[str, int]:
    """Jobs by rule, from the table of a dry run, and their `total`."""
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE)}


def jobs(text: str) -> list[dict[str, str]]:
    """Every planned job as Snakemake prints it: its `rule` and, where it has them, `benchmark`, `threads`, `resources`, …"""
    blocks = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", text, re.MULTILINE)
    return [{"rule": rule, **dict(re.findall(r"^    (\w+): (.*)$", block, re.MULTILINE))} for rule, block in blocks]


def resource(job: dict[str, str], name: str) -> str | None:
    """What a job asks for of one resource. Local rules ask for no memory."""
    return dict(pair.split("=", 1) for pair in job["resources"].split(", ")).get(name)
