"""Which clone's code the jobs run."""

import os
from pathlib import Path

from mergecast.workflow import clone


def test_jobs_find_this_clone_before_all_that_is_installed(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/elsewhere", clone.SCRIPTS]))
    clone.import_in_jobs()
    clone.import_in_jobs()
    assert os.environ["PYTHONPATH"].split(os.pathsep) == [clone.SCRIPTS, "/elsewhere"]
    assert Path(clone.SCRIPTS, "mergecast/workflow/clone.py").samefile(clone.__file__)
