"""What results say of their making, held against what is there today: `mergecast check`."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from ..errors import MergecastError
from . import records
from .content import content_hash_of
from .declared import NAME

WIDEST = 60  # letters of a parameter's value


def differences(results) -> dict[str, list[str]]:
    """What differs today, in words, by the results of a job; nothing for a job that would give the same.

    Compared are outputs and inputs by content and versions of the packages that make numbers; and, where the folder is named
    `results` and a Snakefile lies beside it, parameters (code, seeds and the content of a user's files among them) with those
    of today's configuration.

    Parameters
    ----------
    results : Path or str
        The folder of results.

    Returns
    -------
    mapping from text to list of str
        The reasons, by the first result of a job and the number of its others.

    Raises
    ------
    MergecastError
        If there is no record at all, or the workflow refuses its configuration.
    """
    results = Path(results)
    stated = records.every(results)
    if not stated:
        raise MergecastError(f"{results}: holds no record of any job; give the folder `results` of a workflow that has run")
    todays = _todays(results.parent) if _is_planned(results) else {}
    differing = {}
    for path, record in stated.items():
        reasons = [*_contents(results, record), *_versions(record)]
        if params := todays.get(path.relative_to(results)):
            reasons += _params(record["params"], params)
        if reasons:
            differing[_named(record)] = reasons
    return differing


def _is_planned(results: Path) -> bool:
    return results.resolve().name == "results" and (results.resolve().parent / "Snakefile").is_file()


def _named(record: dict) -> str:
    """The results of a job by the first of them: "results/tiny/nulls/ridge.csv (and 8 more)"."""
    first, *others = record["outputs"]
    return f"{first} (and {len(others)} more)" if others else first


def _contents(results: Path, record: dict) -> Iterator[str]:
    """Outputs and inputs with other content than stated; what is not there any more has gone, as temporary files do."""
    for path, output in record["outputs"].items():
        if (present := content_hash_of(_place(results, path))) and present != output["sha256"]:
            yield f"{path} is not what its job wrote"
    for path, sha256 in record["inputs"].items():
        if (present := content_hash_of(_place(results, path))) and present != sha256:
            yield f"was made from another {path}"


def _place(results: Path, path: str) -> Path:
    """Where a file that a workflow calls results/… is, if its results are in another place now."""
    top, *rest = Path(path).parts
    return results.joinpath(*rest) if top == "results" else results.parent / path


def _versions(record: dict) -> list[str]:
    differing = records.differing(record["versions"])
    return [f"was made with {differing}"] if differing else []


def _params(then: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for name in sorted((then.keys() | now.keys()) - {NAME}):
        if name == "code" and then.get(name) != now.get(name):
            yield "its code has changed"
        elif then.get(name) != now.get(name):
            yield f"{name} was {_short(then.get(name))}, is {_short(now.get(name))}"


def _short(value: str | None) -> str:
    text = "not given" if value is None else value
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _todays(folder: Path) -> dict[Path, dict[str, str]]:
    """Parameters of every job of today's workflow, by the place of its record below the results."""
    from snakemake.api import SnakemakeApi
    from snakemake.exceptions import WorkflowError
    from snakemake.settings.types import OutputSettings, Quietness, ResourceSettings

    said = io.StringIO()
    try:
        with (
            contextlib.chdir(folder),
            contextlib.redirect_stderr(said),
            SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api,
        ):
            workflow = api.workflow(ResourceSettings(cores=1), snakefile=Path("Snakefile"))
            workflow.dag().execute_workflow(executor="dryrun")
            jobs = [job for job in workflow._workflow.dag.jobs if job.log and records.place(job.log[0])]
            return {
                records.place(job.log[0]).relative_to("results"): {name: repr(value) for name, value in job.params.items()}
                for job in jobs
            }
    except WorkflowError as error:
        raise MergecastError(f"{folder / 'Snakefile'}: cannot be planned ({' '.join(str(error).split())})") from error
