"""Results that came without Snakemake's record of them: known by their own (`records`), or made again.

A folder of results that was copied or archived comes without `.snakemake`, or into a clone whose `.snakemake` knows
nothing of it. Snakemake would take every file in it for what today's configuration makes.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..errors import MergecastError
from ..files import write_json
from . import patches, records
from .content import content_hash_of

SEEN = Path(".snakemake/mergecast/results.json")  # which folders of results were looked through
OF_JOBS = ("logs", "benchmarks", records.FOLDER)
SILENT = "says nothing of what it was made from"


def start(*, versions: bool, results="results") -> list[str]:
    """What is to do with results before a plan; lines for the reader, mostly none.

    Parameters
    ----------
    versions : bool
        Whether jobs run with the packages of this process, so that versions can be compared.
    results : Path or str, default "results"
        The folder of results.

    Returns
    -------
    list of str
    """
    lines = recognise(results)
    if versions:
        records.forget_versions(results)
        if others := [f"{count} jobs with {text}" for text, count in records.other_versions(results).items()]:
            lines.append(
                f"{results}: made with other versions than those installed: {'; '.join(others)}; "
                "`--config versions=rerun` makes them again"
            )
    return lines


def recognise(results="results") -> list[str]:
    """Give Snakemake the record of every result that it has none of; lines that say how many, or none.

    A file that is, byte for byte, what its own record says gets that record and the time of its making back, so that
    inputs, parameters and code are compared as if it had never been moved. One without a record, or with other content,
    gets a record that no job agrees with. Folders of results are looked through once each. With a Snakemake whose records
    are not known here, nothing is done and one line says so.

    Parameters
    ----------
    results : Path or str, default "results"
        The folder of results.

    Returns
    -------
    list of str
    """
    here = {path.name: path.stat().st_ino for path in sorted(Path(results).glob("*"))}
    with suppress(OSError, ValueError):
        if json.loads(SEEN.read_text(encoding="utf-8")) == here:
            return []
    if lines := patches.RECORDS.untested():
        return lines if here else []
    from snakemake.persistence.file import FilePersistence

    persistence = FilePersistence(path=Path(".snakemake").resolve())
    strange = [path for path in _files(results) if not _known(persistence, path)]
    stated = _stated(results) if strange else {}
    known = [path for path in strange if _restore(persistence, path, stated.get(path))]
    with suppress(MergecastError):  # looked through again next time
        write_json(SEEN, here)
    return _lines(results, known, [path for path in strange if path not in set(known)])


def _lines(results, known: list[str], silent: list[str]) -> list[str]:
    lines = []
    if known:
        lines.append(
            f"{results}: {len(known)} files were made elsewhere and say from what; what has changed since is made again"
        )
    if silent:
        lines.append(
            f"{results}: {len(silent)} files do not say from what they were made ({silent[0]}, …); "
            "they are made again where they are asked for"
        )
    return lines


def _files(results) -> Iterator[str]:
    """Paths of results as rules name them; nothing hidden, which is unfinished, and nothing about jobs."""
    for folder, folders, names in os.walk(results, followlinks=True):
        top = Path(folder).relative_to(results).parts
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not (len(top) < 2 and name in OF_JOBS))
        for name in sorted(names):
            if not name.startswith(".") and (top or name != "README.md"):
                yield os.path.join(folder, name)


def _stated(results) -> dict[str, dict]:
    """Records by the files that they are about."""
    return {path: record for record in records.every(results).values() for path in record["outputs"]}


def _known(persistence, path: str) -> bool:
    """Whether Snakemake has a record of a file, or knows that its job did not end."""
    places = (persistence._metadata_path, persistence._incomplete_path)
    return any(os.path.exists(persistence._record_path(place, path)) for place in places)


def _restore(persistence, path: str, record: dict | None) -> bool:
    """Whether a file is what its record says. Reported to Snakemake is what the record says, or that nothing is known."""
    from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord

    same = bool(record) and content_hash_of(path) == record["outputs"][path]["sha256"]
    if same:
        with suppress(OSError):  # another's file: its time stays, and what is newer makes it again
            os.utime(path, ns=(record["outputs"][path]["mtime_ns"],) * 2)
    metadata = MetadataRecord(
        record_format_version=RECORD_FORMAT_VERSION,
        rule=record["rule"] if same else "",
        input=sorted(record["inputs"]) if same else [],
        params=sorted(record["params"].values()) if same else [SILENT],
    )
    persistence._write_record(path, metadata)
    return same
