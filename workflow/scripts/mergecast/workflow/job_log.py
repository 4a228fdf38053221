"""The log of a job, which must not be what ends it."""

import contextlib
import io
import os

from ..errors import WARNING


class JobLog(io.TextIOBase):
    """A text file to print to. What a full disk does not take is lost, so that the job goes on, or says what befell it.

    Warnings are shown on `terminal` as well, if one is given.
    """

    def __init__(self, path, terminal=None):
        self._terminal = terminal
        try:
            self._file = open(path, "wb", buffering=0)  # noqa: SIM115, it lives as long as the job
        except OSError:
            self._file = open(os.devnull, "wb", buffering=0)  # noqa: SIM115

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._terminal and text.startswith(WARNING):
            with contextlib.suppress(OSError):
                print(text.rstrip("\n"), file=self._terminal, flush=True)
        with contextlib.suppress(OSError):
            self._file.write(text.encode(errors="backslashreplace"))
        return len(text)
