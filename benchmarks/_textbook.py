"""The merge methods the plain way: whole state dicts and task vectors in memory, every factorisation made anew.

Each function takes a base and a list of models as dictionaries in memory and gives the merged state, θ0 + Δ in float64
arithmetic, from the definitions with plain torch; an independent reference for the library. `dare` takes its random
stream as an argument, since otherwise there would be nothing to compare.
"""

import torch

EMBEDDINGS = ("positional_embedding", "class_embedding", "token_embedding.weight")


def task_vectors(base: dict, models: list[dict]) -> list[dict]:
    return [{name: model[name].double() - base[name].double() for name in base} for model in models]


def added(base: dict, delta: dict) -> dict:
    return {name: (base[name].double() + delta[name]).to(base[name].dtype) for name in base}


def weight_avg(base: dict, models: list[dict]) -> dict:
    return {name: (sum(model[name].double() for model in models) / len(models)).to(base[name].dtype) for name in base}


def task_arithmetic(base: dict, models: list[dict], scale: float = 0.3) -> dict:
    vectors = task_vectors(base, models)
    return added(base, {name: scale * sum(vector[name] for vector in vectors) for name in base})


def ties(base: dict, models: list[dict], keep: float = 0.2, scale: float = 0.3, trim: str = "tensor") -> dict:
    vectors = task_vectors(base, models)
    if trim == "tensor":
        return added(base, {name: scale * elected(torch.stack([vector[name] for vector in vectors]), keep) for name in base})
    whole = elected(torch.stack([torch.cat([vector[name].reshape(-1) for name in base]) for vector in vectors]), keep)
    parts = whole.split([base[name].numel() for name in base])
    return added(base, {name: scale * part.view(base[name].shape) for name, part in zip(base, parts, strict=True)})


def elected(stack: torch.Tensor, keep: float) -> torch.Tensor:
    """Trim each row to its largest entries, ranked in float32, elect a sign per entry, average what agrees with it."""
    rows = stack.reshape(len(stack), -1)
    size, total = rows.abs().float(), rows.shape[1]
    threshold = size.kthvalue(total - max(1, int(keep * total)) + 1, dim=1, keepdim=True).values
    kept = torch.where(size >= threshold, rows, 0.0)
    sign = kept.sum(0).sign()
    sign[sign == 0] = -1.0 if sign.sum() < 0 else 1.0
    agreeing = kept * sign > 0
    return ((kept * agreeing).sum(0) / agreeing.sum(0).clamp(min=1)).view(stack.shape[1:])


def dare(base: dict, models: list[dict], draw, drop: float = 0.9, scale: float = 1.0) -> dict:
    """`draw(model's place, tensor's name, shape)`: uniform numbers in [0, 1); what is below `drop` is dropped."""
    vectors = task_vectors(base, models)
    masks = [{name: draw(place, name, base[name].shape) >= drop for name in base} for place in range(len(models))]
    return added(
        base,
        {
            name: scale
            * sum(vector[name] * mask[name] / (1 - drop) for vector, mask in zip(vectors, masks, strict=True))
            / len(models)
            for name in base
        },
    )


def tall_masks(base: dict, models: list[dict], mask_lambda: float = 0.4, scale: float = 1.0) -> dict:
    vectors = task_vectors(base, models)
    total = {name: sum(vector[name] for vector in vectors) for name in base}
    masks = [
        {name: vector[name].abs() > mask_lambda * (total[name] - vector[name]).abs() for name in base} for vector in vectors
    ]
    needed = 1 if len(models) == 2 else 2
    return added(base, {name: scale * total[name] * (sum(mask[name].int() for mask in masks) >= needed) for name in base})


def tsv(base: dict, models: list[dict]) -> dict:
    vectors = task_vectors(base, models)
    factors = [{name: svd(vector[name]) for name in base if is_matrix(name, base[name])} for vector in vectors]

    def matrix(name):
        rank = max(1, min(base[name].shape) // len(models))
        left = torch.cat([factor[name][0][:, :rank] for factor in factors], 1)
        values = torch.cat([factor[name][1][:rank] for factor in factors])
        right = torch.cat([factor[name][2][:rank] for factor in factors])
        return orthogonalised(left) @ torch.diag(values) @ orthogonalised(right)

    return added(base, averaged_beside(base, vectors, matrix))


def iso_c(base: dict, models: list[dict], scale: float = 1.0) -> dict:
    vectors = task_vectors(base, models)

    def matrix(name):
        left, values, right = svd(sum(vector[name] for vector in vectors))
        return left @ torch.diag(values.mean().expand(len(values))) @ right

    return added(base, {name: scale * delta for name, delta in averaged_beside(base, vectors, matrix).items()})


def iso_cts(base: dict, models: list[dict], common: float = 0.8, scale: float = 1.0) -> dict:
    vectors = task_vectors(base, models)

    def matrix(name):
        left, values, right = svd(sum(vector[name] for vector in vectors))
        rank, count = len(values), len(models)
        each = min(round((rank - int(common * rank)) / count), rank // count)
        shared = rank - each * count
        left, values, right = left[:, :shared], values[:shared], right[:shared]
        own = [svd(vector[name] - left @ left.T @ vector[name]) for vector in vectors]
        lefts = torch.cat([*(u[:, :each] for u, _, _ in own), left], 1)
        rights = torch.cat([*(v[:each] for _, _, v in own), right])
        strength = torch.cat([*(s[:each] for _, s, _ in own), values]).mean()
        return orthogonalised(lefts) @ torch.diag(strength.expand(lefts.shape[1])) @ orthogonalised(rights)

    return added(base, {name: scale * delta for name, delta in averaged_beside(base, vectors, matrix).items()})


METHODS = {method.__name__: method for method in (weight_avg, task_arithmetic, ties, dare, tall_masks, tsv, iso_c, iso_cts)}


def averaged_beside(base: dict, vectors: list[dict], matrix) -> dict:
    """Δ: `matrix(name)` for linear maps, the mean task vector for all else."""
    return {
        name: matrix(name) if is_matrix(name, base[name]) else sum(vector[name] for vector in vectors) / len(vectors)
        for name in base
    }


def is_matrix(name: str, tensor: torch.Tensor) -> bool:
    return tensor.ndim == 2 and not name.endswith(EMBEDDINGS)


def svd(matrix: torch.Tensor):
    return torch.linalg.svd(matrix, full_matrices=False)


def orthogonalised(matrix: torch.Tensor) -> torch.Tensor:
    left, _, right = svd(matrix)
    return left @ right
