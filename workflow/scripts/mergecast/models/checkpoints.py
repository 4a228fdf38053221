"""Checkpoints: opened, checked against their base, hashed, written whole; which of their tensors are matrices.

A *state* is a mapping from tensor name to tensor, of any architecture; in the workflow, OpenCLIP's `visual.*`.
"""

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping

import torch

from ..errors import MergecastError
from .state import BUFFERS, TYPES, WEIGHTS, State, dtype_of, hash_of, is_weight, parts, shape_of
from .writing import layout_of, write

# What the tables of vectors of transformers are called: the last part of a tensor's name, but for `weight`.
EMBEDDINGS = frozenset((
    "positional_embedding", "class_embedding", "token_embedding", "position_embedding",  # CLIP
    "embed_tokens", "embed_tokens_per_layer", "embed_positions", "lm_head", "embed_in", "embed_out",  # Llama, OPT, GPT-NeoX
    "wte", "wpe", "tok_embeddings", "word_embeddings", "word_embedding", "position_embeddings", "token_type_embeddings",
    "shared", "relative_attention_bias", "relative_position_bias_table", "rel_embeddings",  # T5, Swin, DeBERTa
    "embedding", "embeddings", "pos_embed", "cls_token",
))  # fmt: skip
# GPT-2 multiplies these from the right: they are stored (in, out), by names that others give to matrices stored (out, in).
RIGHT = re.compile(r"(?P<block>(.*\.)?h\.\d+\.)((attn|crossattention)\.(c_attn|q_attn|c_proj)|mlp\.(c_fc|c_proj))\.weight")
TRUSTED = 1e-10  # least ratio of squared singular values, smallest to largest; see `digits_suffice`
PIECE = 1 << 20  # entries that are in memory as float64 where a sum goes over a tensor


def open_checkpoint(path, base: State | None = None) -> State:
    """Open a checkpoint and, if a base is given, check it against that base.

    Parameters
    ----------
    path : Path or str
    base : State or None

    Returns
    -------
    State

    Raises
    ------
    MergecastError
        If the file is missing or damaged; or, naming file and tensor: a type that is not read; no weights; keys missing or
        extra; another shape; an entry that is not finite; made from another base (where the file says which).
    """
    state = State(path)
    check(state, path, base, state.metadata.get("base_sha256"))
    return state


def check(
    state: Mapping[str, torch.Tensor], path, base: State | None = None, recorded: str | None = None, *, clip: bool = True
) -> None:
    """Raise MergecastError, naming `path`, for the first of a state's `faults`.

    Parameters
    ----------
    state : mapping from tensor name to tensor
    path : Path or str
    base : State or None
    recorded : str or None
        Hash of the base that the state names.
    clip : bool, default True
        Whether it must be the image tower of a CLIP.

    Raises
    ------
    MergecastError
        If the state has a fault.
    """
    for fault in faults(state, base, recorded, clip=clip):
        raise MergecastError(f"{path}: {fault}")


def faults(
    state: Mapping[str, torch.Tensor], base: State | None = None, recorded: str | None = None, *, clip: bool = True
) -> Iterator[str]:
    """What is wrong with a state, by itself and against a base. Types come first, so that no number of an odd one is read.

    Parameters
    ----------
    state : mapping from tensor name to tensor
    base : State or None
    recorded : str or None
        Hash of the base that the state names.
    clip : bool, default True
        Whether it must be the image tower of a CLIP.

    Yields
    ------
    str
        One line per fault.
    """
    odd = [name for name in sorted(state) if dtype_of(state, name) not in TYPES.values()]
    for name in odd:
        yield f"tensor {name!r} has type {dtype_of(state, name)}, which is not read; save it as float32, bfloat16 or float16"
    if not odd and not any(is_weight(state, name) for name in state):
        yield f"holds no weights, tensors of type {', '.join(map(str, WEIGHTS.values()))}; give a checkpoint"
    if clip and not any(name.startswith("visual.") for name in state):
        yield "has no tensor named 'visual.*'; give an OpenCLIP visual tower"
    if base is not None:
        missing, extra = sorted(base.keys() - state.keys()), sorted(state.keys() - base.keys())
        if missing:
            yield f"lacks tensor {missing[0]!r} ({len(missing)} in all) of the base {base.path}"
        if extra:
            yield f"has tensor {extra[0]!r} ({len(extra)} in all), which the base {base.path} has not"
        if recorded and recorded != content_hash(base):
            yield f"was fine-tuned from another base than {base.path}; give its own base"
    for name in sorted(state.keys() - odd):
        kind, shape = dtype_of(state, name), shape_of(state, name)
        if base is not None and name in base and shape != shape_of(base, name):
            yield (
                f"tensor {name!r} has shape {shape}, in the base {base.path} it has {shape_of(base, name)}; "
                "fine-tune from that base"
            )
        elif base is not None and name in base and (kind in BUFFERS.values()) != (dtype_of(base, name) in BUFFERS.values()):
            yield (
                f"tensor {name!r} has type {kind}, in the base {base.path} {dtype_of(base, name)}; "
                "one is a weight, the other is not: save both alike"
            )
        elif is_weight(state, name) and not is_finite(state[name]):
            yield f"tensor {name!r} holds NaN or infinity; the training diverged, make it again"


def save(path, state: Mapping[str, torch.Tensor], metadata: Mapping[str, object] = {}) -> None:
    """Write a state as safetensors, whole or not at all: the same state and metadata give the same bytes.

    The header also holds the `content_hash` of what is written. Each tensor is asked for once, when its turn comes.

    Parameters
    ----------
    path : Path or str
    state : mapping from tensor name to tensor
    metadata : mapping from str to object
        Values that are no strings are written as JSON.

    Raises
    ------
    MergecastError
        If the file, or the type of a tensor, cannot be written.
    """
    header = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    write(path, layout_of(state), state.__getitem__, header)


def content_hash(state: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of names, types, shapes and bytes, whatever the file's header or order of tensors.

    Parameters
    ----------
    state : mapping from tensor name to tensor

    Returns
    -------
    str
        In hexadecimal.
    """
    return state.sha256 if hasattr(state, "sha256") else hash_of(state)


def tensor_hashes(state: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """`content_hash` of each tensor by itself.

    Parameters
    ----------
    state : mapping from tensor name to tensor

    Returns
    -------
    dict from tensor name to str
    """
    return {name: hash_of({name: state[name]}) for name in sorted(state)}


def task_vector(base: Mapping, model: Mapping, name: str, dtype=torch.float32) -> torch.Tensor:
    """τ = θ_t − θ0 of one tensor.

    Parameters
    ----------
    base, model : mapping from tensor name to tensor
    name : str
    dtype : torch.dtype, default torch.float32
        The difference is taken in this precision, or in that of a wider base.

    Returns
    -------
    tensor
        Of type `dtype`, in the shape of the base's.
    """
    own = model[name]
    moved = own.to(dtype)
    # In place where it is a copy already: a large matrix is there once in float64, not twice.
    return (own - base[name]).to(dtype) if moved is own else moved.sub_(base[name])


def is_finite(tensor: torch.Tensor) -> bool:
    """Whether no entry is NaN or infinite: both ends are finite, which is found faster than entry by entry.

    Parameters
    ----------
    tensor : tensor

    Returns
    -------
    bool
    """
    return tensor.numel() == 0 or all(bool(torch.isfinite(end)) for end in torch.aminmax(tensor))


def embeddings_of(state: Mapping[str, torch.Tensor]) -> Collection[str]:
    """What embeddings are called in a state: its attribute `embeddings` if it has one, `EMBEDDINGS` otherwise.

    Parameters
    ----------
    state : mapping from tensor name to tensor

    Returns
    -------
    collection of str
    """
    named = getattr(state, "embeddings", None)
    return EMBEDDINGS if named is None else named


def is_embedding(name: str, embeddings: Collection[str] = EMBEDDINGS) -> bool:
    """Whether a tensor is an embedding: a table of vectors, not a linear map.

    Parameters
    ----------
    name : str
    embeddings : collection of str, default EMBEDDINGS
        What embeddings are called: the last part of their names, but for `weight`.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_embedding("model.embed_tokens.weight"), is_embedding("model.layers.0.mlp.shared.up.weight")
    (True, False)
    """
    return name.removesuffix(".weight").rpartition(".")[2] in embeddings


def is_matrix(name: str, tensor: torch.Tensor, embeddings: Collection[str] = EMBEDDINGS) -> bool:
    """Whether a tensor acts as a linear map: weights in two dimensions, not empty, and no embedding.

    Parameters
    ----------
    name : str
    tensor : tensor
    embeddings : collection of str, default EMBEDDINGS
        As for `is_embedding`.

    Returns
    -------
    bool
    """
    return is_weight({name: tensor}, name) and tensor.ndim == 2 and not is_embedding(name, embeddings)


def matrices(base: Mapping[str, torch.Tensor]) -> list[str]:
    """The matrices of a base, by its own rule of what embeddings are called. None is read.

    Parameters
    ----------
    base : mapping from tensor name to tensor

    Returns
    -------
    list of str
        Sorted.
    """
    embeddings = embeddings_of(base)
    two = (name for name in weights(base) if len(shape_of(base, name)) == 2)
    return [name for name in two if not is_embedding(name, embeddings)]


def weights(base: Mapping[str, torch.Tensor]) -> list[str]:
    """The tensors of a base that metrics look at: all weights; of a whole CLIP, those of its visual tower.

    Parameters
    ----------
    base : mapping from tensor name to tensor

    Returns
    -------
    list of str
        Sorted.
    """
    clip = "logit_scale" in base and any(name.startswith("visual.") for name in base)
    return [name for name in sorted(base) if is_weight(base, name) and (name.startswith("visual.") or not clip)]


def seen(base: Mapping[str, torch.Tensor]) -> dict[str, int]:
    """How many tensors of a base the metrics look at, and as what.

    Parameters
    ----------
    base : mapping from tensor name to tensor

    Returns
    -------
    dict from str to int
        `tensors`; of these, `matrices` and `embeddings` (of two dimensions); `parameters`, their entries; `left_out`: buffers,
        empty tensors and, of a whole CLIP, its text tower.
    """
    looked_at, embeddings = weights(base), embeddings_of(base)
    tables = [name for name in looked_at if len(shape_of(base, name)) == 2 and is_embedding(name, embeddings)]
    return {
        "tensors": len(looked_at),
        "matrices": len(matrices(base)),
        "embeddings": len(tables),
        "parameters": sum(math.prod(shape_of(base, name)) for name in looked_at),
        "left_out": len(base) - len(looked_at),
    }


def oriented(name: str, tensor: torch.Tensor, base: Mapping[str, torch.Tensor] | None = None) -> torch.Tensor:
    """A matrix as (out, in).

    OpenCLIP multiplies `visual.proj` from the right, so it is stored transposed; so does GPT-2 its `c_attn`, `c_fc` and
    `c_proj`. Others give these names to matrices stored (out, in): the shape of the block's `c_fc`, which widens, tells.

    Parameters
    ----------
    name : str
    tensor : tensor of two dimensions
        As it is stored.
    base : mapping from tensor name to tensor, optional
        Where the block's `c_fc` is; without it, or where it has none, these names are taken for GPT-2's.

    Returns
    -------
    (out, in) tensor
    """
    if block := RIGHT.fullmatch(name):
        widening = f"{block['block']}mlp.c_fc.weight"
        rows, columns = shape_of(base, widening) if base is not None and widening in base else (0, 1)
        return tensor.T if rows < columns else tensor
    return tensor.T if name.endswith("visual.proj") else tensor


def digits_suffice(squares) -> bool:
    """Whether eigenvectors of a Gram matrix AᵀA may stand for singular vectors of A.

    Eigenvalues are squares of singular values: rounding, 1e-16 of the largest, must be 1e-6 of the smallest or less.

    Parameters
    ----------
    squares : array or tensor
        The eigenvalues in question, ascending up to the largest of all.

    Returns
    -------
    bool
        False where there is no eigenvalue.
    """
    return len(squares) > 0 and bool(squares[0] > TRUSTED * squares[-1])


def norm(state: Mapping[str, torch.Tensor]) -> float:
    """Euclidean norm ‖θ‖ over every entry of the weights, accumulated in float64.

    Parameters
    ----------
    state : mapping from tensor name to tensor

    Returns
    -------
    float
        At least 0.
    """
    return _length(lambda tensor: tensor.double(), [state])


def task_vector_norm(base: Mapping[str, torch.Tensor], model: Mapping[str, torch.Tensor]) -> float:
    """‖θ_t − θ0‖ over every entry of the weights, differences and sum in float64.

    Parameters
    ----------
    base, model : mapping from tensor name to tensor

    Returns
    -------
    float
        At least 0.
    """
    return _length(lambda origin, tensor: tensor.double() - origin, [base, model])


def _length(vector, states: list[Mapping[str, torch.Tensor]]) -> float:
    """Euclidean norm of what `vector` makes of the weights of some states, piece by piece in float64."""
    names = (name for name in states[0] if is_weight(states[0], name))
    pieces = (vector(*piece) for name in names for piece in parts(states, name, PIECE))
    return math.sqrt(math.fsum(float(piece.square().sum()) for piece in pieces))
