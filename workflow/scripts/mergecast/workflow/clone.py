"""Whose code jobs run: that of the clone they belong to, even where another clone is installed in the environment."""

import os
from pathlib import Path

SCRIPTS = str(Path(__file__).resolve().parents[2])


def lead_jobs_here() -> None:
    """Put this clone's `workflow/scripts` before all that is installed, for every Python started from now on."""
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([SCRIPTS, *(path for path in given if path not in ("", SCRIPTS))])
