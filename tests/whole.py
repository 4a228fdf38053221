"""Whether every result in a folder is whole, and nothing else lies there."""

import csv
import json
import zipfile
from pathlib import Path

from safetensors import safe_open

from mergecast.files import WRITING

ENDS = {".svg": b"</svg>", ".pdf": b"%%EOF", ".html": b"</html>"}


def broken(results: Path) -> dict[str, str]:
    """What is wrong with each result that is not whole, by path; logs, and files of a name that begins with a dot, are none."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if path.is_file() and not any(part in ("logs", "benchmarks") or part.startswith(".") for part in name.parts):
            try:
                check(path)
            except Exception as error:  # of whichever reader: it is told
                found[str(name)] = repr(error)
    return found


def check(path: Path) -> None:
    """Read a result to its end. Raises whatever its reader does if it is cut short."""
    if path.suffix == ".safetensors":
        with safe_open(path, framework="numpy") as file:  # refuses a header that does not fit the file's length
            assert file.keys()
    elif path.suffix == ".json":
        json.loads(path.read_text())
    elif path.suffix == ".npz":
        with zipfile.ZipFile(path) as file:
            assert file.namelist() and file.testzip() is None
    elif path.suffix == ".csv":
        text = path.read_text()
        header, *rows = csv.reader(text.splitlines())
        assert text.endswith("\n") and all(len(row) == len(header) for row in rows)
    elif path.suffix in ENDS:
        assert path.read_bytes().rstrip().endswith(ENDS[path.suffix])
    else:
        raise ValueError(f"{path.name} is no kind of result")


def left_over(results: Path) -> list[str]:
    """What a killed run may leave and a finished one may not: files begun, states of training, large temporary features."""
    begun = (path for pattern in (f"{WRITING}*", ".tmp*", ".*.training.safetensors") for path in results.rglob(pattern))
    return sorted(str(path.relative_to(results)) for path in [*begun, *results.glob("*/calibration/**/*.*")])


def tables(results: Path) -> dict[str, bytes]:
    """Bytes of every table of every setting, and over settings."""
    found = {str(path.relative_to(results)): path.read_bytes() for path in sorted(results.glob("*/tables/*.csv"))}
    assert found, "no tables were made"
    return found
