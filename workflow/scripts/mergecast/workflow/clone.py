"""Whose code jobs run: that of the clone they belong to, even where another clone is installed in the environment."""

import os
from pathlib import Path

SCRIPTS = str(Path(__file__).resolve().parents[2])


def import_in_jobs() -> None:
    """Put this clone's `workflow/scripts` before all that is installed, for every Python started from now on."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([SCRIPTS, *(path for path in paths if path not in ("", SCRIPTS))])
