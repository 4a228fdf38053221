"""What the results of a job were made from, kept beside them: one record per job, in `records/` where its log is in `logs/`.

Snakemake keeps the same below `.snakemake`, which a folder of results that was copied or archived lacks. A record states
inputs and outputs by content, parameters by name, and the versions of the packages that make numbers.
"""

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path

from ..errors import MergecastError
from ..files import PACKAGES_OF_NUMBERS, packages, read_json, versions, write_json
from .content import content_hash_of

FOLDER = "records"


def place(log) -> Path | None:
    """Where the record of a job is: results/S/logs/heads/t.log -> results/S/records/heads/t.json; None for no such log.

    Parameters
    ----------
    log : Path or str

    Returns
    -------
    Path or None
        None if `log` holds no "/logs/".
    """
    before, logs, after = str(Path(log).with_suffix(".json")).partition("/logs/")
    return Path(before, FOLDER, after) if logs else None


def write(job) -> None:
    """Write the record of a job when its outputs are whole; none for a log elsewhere.

    Parameters
    ----------
    job : Snakemake's object in a script

    Raises
    ------
    MergecastError
        If the disk or the folder refuses the record.
    """
    if not place(job.log[0]):
        return
    outputs = [path for path in job.output if Path(path).exists()]
    record = {
        "rule": job.rule,
        "inputs": {path: content_hash_of(path) for path in job.input},
        "outputs": {path: {"sha256": content_hash_of(path), "mtime_ns": Path(path).stat().st_mtime_ns} for path in outputs},
        "params": {name: repr(value) for name, value in job.params.items()},
        "versions": present_versions(),
    }
    if not _versions_file().exists():
        write_json(_versions_file(), record["versions"])
    write_json(place(job.log[0]), record)


def read(log) -> dict | None:
    """The record of the job with this log, or None where there is none that can be read.

    Parameters
    ----------
    log : Path or str

    Returns
    -------
    dict or None
    """
    path = place(log)
    return _read(path) if path else None


def _read(path: Path) -> dict | None:
    try:
        record = read_json(path)
    except MergecastError:
        return None
    return record if isinstance(record, dict) and "outputs" in record else None


def every(results="results") -> dict[Path, dict]:
    """All records below a folder of results by their paths, in order; each with the outputs that no later job made again.

    Parameters
    ----------
    results : Path or str, default "results"
        The folder of results.

    Returns
    -------
    mapping from Path to dict
        Without records that have no such output left.
    """
    places = [place for top in ("", "*/") for place in sorted(Path(results).glob(f"{top}{FOLDER}/**/*.json"))]
    readable = {place: record for place in places if (record := _read(place))}
    latest: dict[str, tuple[int, Path]] = {}
    for place, record in readable.items():
        for path, output in record["outputs"].items():
            latest[path] = max(latest.get(path, (0, place)), (output["mtime_ns"], place))
    current = {}
    for place, record in readable.items():
        if outputs := {path: output for path, output in record["outputs"].items() if latest[path][1] == place}:
            current[place] = record | {"outputs": outputs}
    return current


@cache
def present_versions() -> dict[str, str]:
    """Versions of the packages that make numbers, as they are installed; those not installed are left out."""
    return {name: version for name, version in packages().items() if name in PACKAGES_OF_NUMBERS}


def other_versions(results="results") -> dict[str, int]:
    """How many jobs' results are of other versions than those installed, by a text that says which; none is the rule.

    Each set of versions that ever made a result has a file of its own, so that only where there is one beside that of today
    all records are read.

    Parameters
    ----------
    results : Path or str, default "results"
        The folder of results.

    Returns
    -------
    mapping from text to int
        The texts are those of `differing`.
    """
    if not _others(results):
        return {}
    jobs: dict[str, int] = {}
    for record in every(results).values():
        if text := differing(record["versions"]):
            jobs[text] = jobs.get(text, 0) + 1
    return jobs


def forget_versions(results="results") -> None:
    """Remove the files of versions that no result is of any more.

    Parameters
    ----------
    results : Path or str, default "results"
        The folder of results.
    """
    if not other_versions(results):
        for path in _others(results):
            with suppress(OSError):  # another's, or gone already
                path.unlink()


def shown_versions(results="results") -> dict[str, dict]:
    """What a page says of versions: those of today and, where there are others, how many jobs' results are of which.

    Parameters
    ----------
    results : Path or str, default "results"
        The folder of results.

    Returns
    -------
    dict
        `versions`, as `files.versions` gives them; `jobs_of_other_versions`, as `other_versions` does, if there are any.
    """
    others = other_versions(results)
    return {"versions": versions(), **({"jobs_of_other_versions": others} if others else {})}


def differing(stated: dict[str, str]) -> str:
    """The versions that are not those installed, "numpy 1.26.4, torch 2.1.0"; "" where none differs.

    Parameters
    ----------
    stated : mapping from package to version
        A package that is not installed does not differ.

    Returns
    -------
    str
    """
    present = present_versions()
    return ", ".join(f"{name} {version}" for name, version in sorted(stated.items()) if present.get(name, version) != version)


def _others(results) -> list[Path]:
    today = _versions_file(results)
    return [path for path in today.parent.glob("*.json") if path.name != today.name]


def _versions_file(results="results") -> Path:
    text = repr(sorted(present_versions().items()))
    return Path(results, FOLDER, "versions", f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json")
