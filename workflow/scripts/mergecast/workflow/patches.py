"""What a run changes inside Snakemake and its SLURM executor, and with which of their versions each change was tested.

With any other version, or where what is to be changed is not there, nothing is changed and one line says what that costs.
Results are the same with every patch and without. Each function returns its line, or none, for the log.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from packaging.version import Version

from . import cluster


@dataclass(frozen=True)
class Patch:
    """`attribute` is replaced where `package` is at version `since` or later and before `before`.

    `without` says what a run is like that has to do without it.
    """

    package: str
    since: str
    before: str
    attribute: str
    without: str

    def apply(self, owner, replace: Callable) -> list[str]:
        """Set the owner's attribute to `replace(its value)`, or leave it; one line on why it was left, or none.

        Parameters
        ----------
        owner : object
            The module or object that may have the attribute.
        replace : callable
            Its old value -> its new value.

        Returns
        -------
        list of str
            Empty if the attribute was set.
        """
        lines = self.untested() or ([] if hasattr(owner, self.attribute) else self._line(f"has no {self.attribute}"))
        if not lines:
            setattr(owner, self.attribute, replace(getattr(owner, self.attribute)))
        return lines

    def untested(self) -> list[str]:
        """One line if the patch was not tested with the installed version, or none."""
        tested = f"(tested: {self.since} and later, before {self.before})"
        return [] if self.fits(installed_version(self.package)) else self._line(f"was not tested with Mergecast {tested}")

    def _line(self, why: str) -> list[str]:
        installed = installed_version(self.package) or "of an unknown version"
        return [f"{self.package} {installed} {why}, so it runs unpatched: {self.without}"]

    def fits(self, installed: str | None) -> bool:
        """Whether the patch was tested with this version; with an unknown one, None, it was not.

        Parameters
        ----------
        installed : str or None

        Returns
        -------
        bool
        """
        return installed is not None and Version(self.since) <= Version(installed) < Version(self.before)


def installed_version(package: str) -> str | None:
    """The version of an installed package; None where it does not say.

    Parameters
    ----------
    package : str

    Returns
    -------
    str or None
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return None


OUTPUT_INDEX = Patch("snakemake", "9.27", "9.28", "OutputIndex", "planning a grid of many tasks takes longer")
JOB_STARTS = Patch("snakemake", "9.27", "9.28", "job_rate_limiter", "a run of several hundred jobs keeps a core busy by itself")
JOB_STATES = Patch(
    *("snakemake-executor-plugin-slurm", "2.8", "2.9", "query_job_status"),
    "a job cancelled by hand, or a SLURM that does not answer, may be waited for without end",
)
# Not replaced but used, by `recognition`: how Snakemake keeps what it knows of a file.
RECORDS = Patch(
    *("snakemake", "9.27", "9.28", "_write_record"),
    "results copied here without their .snakemake are taken for those of today's configuration; see `mergecast check`",
)
PATCHES = (OUTPUT_INDEX, JOB_STARTS, JOB_STATES, RECORDS)


def index_outputs_by_both_ends() -> list[str]:
    """Have Snakemake look up who makes a file in `planning.Producers`, which does not try every rule for every file.

    Returns
    -------
    list of str
        As `Patch.apply` gives it.
    """
    import snakemake.api  # which brings snakemake.dag; on its own that cannot be imported

    def producers(_):
        from .planning import Producers

        return Producers

    return OUTPUT_INDEX.apply(snakemake.dag, producers)


def unlimit_job_starts(scheduler) -> list[str]:
    """Take the limit of job starts from a scheduler.

    It has Snakemake look at all jobs a second after every start, and again a second after every such look: each start adds
    one look per second, so that after some two hundred jobs it takes a whole core.

    Parameters
    ----------
    scheduler : Snakemake's job scheduler

    Returns
    -------
    list of str
        As `Patch.apply` gives it.
    """
    return JOB_STARTS.apply(scheduler, lambda limiter: None)


def ask_for_job_states_patiently(executor) -> list[str]:
    """Have the module of the SLURM executor ask for the states of its jobs through `cluster.patient`.

    Parameters
    ----------
    executor : module

    Returns
    -------
    list of str
        As `Patch.apply` gives it.
    """
    return JOB_STATES.apply(executor, cluster.patient)


def pause_garbage_collection() -> None:
    """Until `resume_garbage_collection`: planning makes little garbage, and collections of it look at the whole plan."""
    gc.disable()


def resume_garbage_collection() -> None:
    """Collect garbage again, but pass over what is there now: the plan, which lives as long as the run."""
    gc.freeze()
    gc.enable()
