"""Seeds derived from names, so that no random choice depends on order, time or what else is in the grid."""

import hashlib


def seed_for(*names: str | int, seed: int) -> int:
    """A seed in [0, 2**63) that is a function of the names, in the order given, and the config seed alone.

    Parameters
    ----------
    *names : str or int
        What the seed is for.
    seed : int
        The config seed.

    Returns
    -------
    int

    Examples
    --------
    >>> seed_for("calibration", "digits", seed=0) == seed_for("calibration", "digits", seed=0)
    True
    >>> seed_for("calibration", "digits", seed=0) == seed_for("calibration", "digits", seed=1)
    False
    """
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
