"""The log of a job, which must not be what ends it."""

import contextlib
import io
import os


class JobLog(io.TextIOBase):
    """A text file to print to. What a full disk does not take is lost, so that the job goes on, or says what befell it."""

    def __init__(self, path):
        try:
            self._file = open(path, "wb", buffering=0)  # noqa: SIM115, it lives as long as the job
        except OSError:
            self._file = open(os.devnull, "wb", buffering=0)  # noqa: SIM115

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._file.write(text.encode(errors="backslashreplace"))
        return len(text)
