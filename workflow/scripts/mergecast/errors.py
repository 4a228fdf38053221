"""The one exception a user is meant to read."""


class MergecastError(Exception):
    """Bad input. The message is one line that names the file, key, tensor, task or class, and says what to do."""
