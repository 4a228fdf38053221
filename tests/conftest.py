"""What all tests share: where the conformance data is, and one thread, as the workflow's jobs have."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # no test is timed: how long an example takes is the machine's affair
settings.load_profile("untimed")

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of conformance checkpoints, published tables and image data, which is no part of the project."""
    folder = Path(os.environ.get("MERGECAST_SHARED", ROOT.parent / "shared"))
    if not (folder / "conformance").is_dir():
        pytest.skip(f"no conformance data at {folder}; set MERGECAST_SHARED to the folder that holds it")
    return folder
