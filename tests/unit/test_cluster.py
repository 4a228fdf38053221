"""Jobs that a killed run left in the queue: found by their comment and folder, cancelled, waited for."""

import asyncio
import logging
import os

import pytest

from mergecast.workflow import cluster

SQUEUE = """#!/bin/sh
cat {folder}/queue
"""
SCANCEL = """#!/bin/sh
echo "$@" >> {folder}/cancelled
{then}
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Stand-ins for squeue and scancel that read and write files; returns a function that sets the queue."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def install(queue: str, then: str = ": > {folder}/queue"):
        (tmp_path / "queue").write_text(queue)
        for name, text in (("squeue", SQUEUE), ("scancel", SCANCEL)):
            (tmp_path / name).write_text(text.format(folder=tmp_path, then=then.format(folder=tmp_path)))
            (tmp_path / name).chmod(0o755)
        return tmp_path

    return install


def test_beside_another_run_no_job_is_cancelled(slurm, tmp_path):
    folder = slurm(f"11|{tmp_path}|rule_finetune_wildcards_digits\n")
    locks = tmp_path / ".snakemake/locks"
    locks.mkdir(parents=True)
    for number in range(2):
        (locks / f"{number}.output.lock").write_text("results/report.html\n")
    assert cluster.cancel_orphans(tmp_path) == [
        "another run is at work in this folder, so no job of an earlier one is looked for or cancelled"
    ]
    assert not (folder / "cancelled").exists()
    (locks / "1.output.lock").unlink()
    assert cluster.cancel_orphans(tmp_path) == ["cancelled 1 jobs that a killed run left in the queue: 11"]


def test_only_jobs_of_rules_in_this_folder_are_orphans(slurm, tmp_path):
    here, link = tmp_path / "study", tmp_path / "link"
    here.mkdir()
    link.symlink_to(here)
    slurm(
        f"11|{here}|rule_finetune_wildcards_digits\n12|{here}|\n13|{here}|(null)\n14|{tmp_path}|rule_clip\n15|{link}|rule_a|b\n"
    )
    assert cluster.orphans(here) == ["11", "15"]


def test_orphans_are_cancelled_and_told(slurm, tmp_path):
    folder = slurm(f"7|{tmp_path}|rule_clip\n8|{tmp_path}|rule_single\n")
    assert cluster.cancel_orphans(tmp_path) == ["cancelled 2 jobs that a killed run left in the queue: 7, 8"]
    assert (folder / "cancelled").read_text() == "7 8\n"


def test_without_orphans_nothing_is_cancelled_or_said(slurm, tmp_path):
    folder = slurm("")
    assert cluster.cancel_orphans(tmp_path) == []
    assert not (folder / "cancelled").exists()


def test_a_job_that_does_not_end_is_told(slurm, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.6)
    slurm(f"7|{tmp_path}|rule_clip\n", then="true")
    lines = cluster.cancel_orphans(tmp_path)
    assert len(lines) == 2 and "they have not ended yet: 7; stop Snakemake" in lines[1]


@pytest.mark.parametrize("squeue", [None, "#!/bin/sh\nexit 1\n"])
def test_a_slurm_that_does_not_answer_is_told(tmp_path, monkeypatch, squeue):
    monkeypatch.setenv("PATH", str(tmp_path))
    if squeue:
        (tmp_path / "squeue").write_text(squeue)
        (tmp_path / "squeue").chmod(0o755)
    (line,) = cluster.cancel_orphans(tmp_path)
    assert "SLURM does not answer" in line and "squeue --me" in line


def asked(answers, monkeypatch):
    """What a patient query makes of a query that gives these answers, one after the other."""
    monkeypatch.setattr(cluster, "PAUSE", 0.0)
    given = iter(answers)

    async def query(command, logger):
        return next(given)

    return asyncio.run(cluster.patient(query)("sacct", logging.getLogger("test")))


def test_a_state_is_its_first_word_however_sacct_adorns_it(monkeypatch):
    states, seconds = asked([({"7": "CANCELLED by 1000", "8": "COMPLETED", "9": "CANCELLED"}, 0.2)], monkeypatch)
    assert states == {"7": "CANCELLED", "8": "COMPLETED", "9": "CANCELLED"} and seconds == 0.2


def test_a_slurm_that_is_silent_is_asked_again(monkeypatch, caplog):
    assert asked([(None, None), (None, None), ({"7": "RUNNING"}, 0.1)], monkeypatch) == ({"7": "RUNNING"}, 0.1)
    assert caplog.text.count("asking again") == 2


def test_a_slurm_that_stays_silent_ends_the_run(monkeypatch):
    monkeypatch.setattr(cluster, "TRIES", 3)
    with pytest.raises(TimeoutError, match="start again when it does"):
        asked([(None, None)] * 3, monkeypatch)
