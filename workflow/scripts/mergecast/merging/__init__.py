"""Merge methods: one module per method, found by name; importing this face imports none of them, nor torch.

A method's parameters and defaults are the keyword arguments of its `merge`; what values they may take is its
`PARAMETERS`, a JSON-schema fragment each; how few models it merges is its `LEAST_MODELS`. All are read from the source.
"""

import inspect
import math
from collections.abc import Callable, Collection, Mapping

from jsonschema import Draft202012Validator

from .. import catalogue
from ..errors import MergecastError

WING = "merging"


def methods() -> tuple[str, ...]:
    """Names of all merge methods, sorted."""
    return catalogue.names(WING)


def find(name: str):
    """The module of a method.

    Parameters
    ----------
    name : str

    Returns
    -------
    module

    Raises
    ------
    MergecastError
        If there is no such method; the message names the closest known one.
    """
    return catalogue.load(WING, _known(name))


def parameters(name: str) -> dict:
    """Parameters of a method with their defaults, as its signature has them.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict from parameter to default

    Raises
    ------
    MergecastError
        If there is no such method; the message names the closest known one.
    """
    return dict(catalogue.parameters(WING, _known(name), "merge"))


def check_parameters(name: str, options: Mapping | None = None, models: int | None = None) -> dict:
    """All parameters of a method: those given, defaults for the rest; numbers as floats, so that 1 and 1.0 are one.

    Parameters
    ----------
    name : str
    options : mapping from parameter to value, or None
        Where a range has `per_model`, also a list of values, in the order of the models, or a mapping from task to value.
    models : int or None
        How many models will be merged, where that is known.

    Returns
    -------
    dict from parameter to value
        In the order of the signature. Only a parameter that takes any number becomes a float; a whole number stays an int.

    Raises
    ------
    MergecastError
        If the method or a parameter is unknown, a value has the wrong type or lies outside its range, a list is not as long
        as there are models, or the method takes more models. The message names method and parameter.
    """
    if models is not None and models < (least := least_models(name)):
        raise MergecastError(f"method {name!r}: needs at least {least} models, got {models}; give another checkpoint")
    defaults, fragments = parameters(name), ranges(name)
    options = options or {}
    for key in options:
        if key not in defaults:
            raise MergecastError(f"method {name!r}: {catalogue.unknown('parameter', key, defaults)}")
    values = defaults | dict(options)
    return {key: _checked(name, key, value, fragments[key], models) for key, value in values.items()}


def ranges(name: str) -> dict[str, dict]:
    """What each parameter of a method may be.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict from parameter to dict
        A JSON-schema fragment each, with a `description` in words.

    Raises
    ------
    MergecastError
        If there is no such method; the message names the closest known one.
    """
    return catalogue.literal(WING, _known(name), "PARAMETERS", {})


def least_models(name: str) -> int:
    """How many models a method merges at least: 2 where it means nothing for one, which it says by `LEAST_MODELS`.

    Parameters
    ----------
    name : str

    Returns
    -------
    int

    Raises
    ------
    MergecastError
        If there is no such method; the message names the closest known one.
    """
    return catalogue.literal(WING, _known(name), "LEAST_MODELS", 1)


def by_task(name: str, values: Mapping, tasks: Collection[str]) -> dict:
    """Parameters of a method with each list of values, one a model, as a mapping from task to value.

    Parameters
    ----------
    name : str
    values : mapping from parameter to value
        As `check_parameters` gives them.
    tasks : collection of str
        Those of the models, in the order that a list is in.

    Returns
    -------
    dict from parameter to value
        Other values as they are.

    Raises
    ------
    MergecastError
        If a list is of another length, or a mapping of other tasks. The message names method and parameter.
    """
    found = {}
    for key, value in values.items():
        if isinstance(value, list):
            _check_length(name, key, value, len(tasks))
            value = dict(zip(tasks, value, strict=True))
        if isinstance(value, Mapping) and (odd := sorted(value.keys() ^ set(tasks))):
            raise MergecastError(
                f"method {name!r}: parameter {key!r} and the models differ in {odd[0]!r}; give one value for each of "
                f"{', '.join(tasks)}"
            )
        found[key] = value
    return found


def merge(name: str, base: Mapping, models: Mapping[str, Mapping], options: Mapping | None = None, *, svd=None) -> dict:
    """Merge fine-tuned models with the method of that name, all tensors at once in memory.

    Parameters
    ----------
    name : str
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        With the keys and shapes of the base.
    options : mapping from parameter to value, or None
        Defaults for the rest. A list of values, one a model, is in the order of `models`.
    svd : callable or None
        What `shared_svd` returned, if anything.

    Returns
    -------
    dict from tensor name to tensor
        The merged state: types and devices of the base.

    Raises
    ------
    MergecastError
        As `lazily` does, and its tensors.
    """
    return dict(lazily(name, base, models, options, svd=svd))


def lazily(name: str, base: Mapping, models: Mapping[str, Mapping], options: Mapping | None = None, *, svd=None) -> Mapping:
    """Merge fine-tuned models with the method of that name, each tensor when it is asked for.

    Written in its order, a merge needs the memory of one tensor of every model. The inputs are never changed. The attribute
    `embeddings` of the base, if it has one, says what embeddings are called, which are no matrices: `checkpoints.EMBEDDINGS`.

    Parameters
    ----------
    name : str
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        At least 2, with the keys and shapes of the base.
    options : mapping from parameter to value, or None
        Defaults for the rest.
    svd : callable or None
        What `shared_svd` returned, if anything.

    Returns
    -------
    mapping from tensor name to tensor
        The merged state: types and devices of the base. A tensor is computed each time that it is asked for, and only then is
        an error in it found: shapes that differ, entries that are not finite.

    Raises
    ------
    MergecastError
        If parameters are wrong, there are too few models, or keys differ.
    """
    resolved = by_task(name, check_parameters(name, options, len(models)), models)
    for task in sorted(models):
        odd = sorted(base.keys() ^ models[task].keys())
        if odd:
            lack = "lacks" if odd[0] in base else "has, unlike the base,"
            raise MergecastError(f"task {task!r}: {lack} tensor {odd[0]!r}; merge models fine-tuned from that base")
    if svd is not None:
        resolved["svd"] = svd
    return find(name).merge(base, models, **resolved)


def shared_svd(name: str, task: str) -> Callable | None:
    """A callable that factors like the method does but remembers the factors of one task.

    For a row of merges which all hold that task; pass it to `merge`. It is good for one checkpoint.

    Parameters
    ----------
    name : str
        Of the method.
    task : str

    Returns
    -------
    callable or None
        None for a method that shares no factors.

    Raises
    ------
    MergecastError
        If there is no such method; the message names the closest known one.
    """
    keyword = inspect.signature(find(name).merge).parameters.get("svd")
    return Remembered(task, keyword.default) if keyword else None


class Remembered:
    """An `svd` that keeps the factors of one task and makes those of any other anew."""

    def __init__(self, task: str, svd: Callable):
        self.task, self._svd, self._kept = task, svd, {}

    def __call__(self, task: str, name: str, vector, rank: int):
        if task != self.task:
            return self._svd(task, name, vector, rank)
        if (name, rank) not in self._kept:
            self._kept[name, rank] = self._svd(task, name, vector, rank)
        return self._kept[name, rank]


class Placed(Mapping):
    """A state whose tensors are moved to a device when asked for; merging such states is done on that device."""

    def __init__(self, state: Mapping, device):
        self._state, self._device = state, device
        self.embeddings = getattr(state, "embeddings", None)

    def dtype(self, name):
        """Type of a tensor, which is not moved.

        Parameters
        ----------
        name : str

        Returns
        -------
        torch.dtype
        """
        return self._state[name].dtype

    def shape(self, name):
        """Shape of a tensor, which is not moved.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of int
        """
        return tuple(self._state[name].shape)

    def __getitem__(self, name):
        return self._state[name].to(self._device)

    def __iter__(self):
        return iter(self._state)

    def __len__(self):
        return len(self._state)


def _known(name: str) -> str:
    if name not in methods():
        raise MergecastError(catalogue.unknown("method", name, methods()))
    return name


def _checked(name: str, key: str, value, fragment: dict, models: int | None):
    """The value, or each of the values where they are given per model, if it is within its range."""
    each = fragment.get("per_model")
    if each and isinstance(value, list | tuple | Mapping):
        numbers = value.values() if isinstance(value, Mapping) else value
        if not all(_fits(number, each) for number in numbers):
            raise MergecastError(f"method {name!r}: parameter {key!r} is {value!r}; give {fragment['description']}")
        if isinstance(value, Mapping):
            return {task: float(number) for task, number in value.items()}
        if models is not None:
            _check_length(name, key, value, models)
        return [float(number) for number in value]
    number = _is_number(value)
    if not _fits(value, fragment) or (number and models and fragment.get("at_most_models") and value > models):
        raise MergecastError(f"method {name!r}: parameter {key!r} is {value!r}; give {fragment['description']}")
    return float(value) if number and "number" in fragment.get("type", ()) else value


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(value, fragment: dict) -> bool:
    return Draft202012Validator(fragment).is_valid(value) and not (_is_number(value) and not math.isfinite(value))


def _check_length(name: str, key: str, values: Collection, models: int) -> None:
    if len(values) != models:
        raise MergecastError(
            f"method {name!r}: parameter {key!r} has length {len(values)} for {models} models; give one value a model, in order"
        )
