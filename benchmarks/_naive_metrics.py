"""The 18 weight metrics the plain way: all of a pair's work anew for every pair, from the definitions.

What the published procedure does, and costs, for a pair: both task vectors as dictionaries, flattened again by every
metric that wants vectors, the matrix of both vectors factored, and so every tensor's, and every matrix of both models.
Written from the formulas with plain torch and nothing of the library, it is an independent reference for it as well.
"""

import math

import torch

K, LARGEST, NEGLIGIBLE = 10, 100, 1e-10


def pair_metrics(base: dict, a: dict, b: dict, dtype: torch.dtype = torch.float64) -> dict[str, float]:
    """All weight metrics of two states (name -> tensor) fine-tuned from one base, computed in `dtype`."""
    x, y = ({name: model[name].to(dtype) - base[name].to(dtype) for name in base} for model in (a, b))
    cosine = task_vector_cosine_similarity(x, y)
    return {
        "task_vector_cosine_similarity": cosine,
        "task_vector_l2_distance": float(torch.linalg.norm(flat(x) - flat(y))),
        "task_vector_dot_product": float(flat(x) @ flat(y)),
        "weight_space_angle": math.degrees(math.acos(max(-1.0, min(1.0, task_vector_cosine_similarity(x, y))))),
        "task_vector_magnitude_ratio": task_vector_magnitude_ratio(x, y),
        **effective_ranks(x, y),
        **layerwise_effective_ranks(x, y),
        **subspaces(x, y),
    }


def flat(vector: dict) -> torch.Tensor:
    """A task vector as one long vector."""
    return torch.cat([vector[name].reshape(-1) for name in sorted(vector)])


def task_vector_cosine_similarity(x: dict, y: dict) -> float:
    u, v = flat(x), flat(y)
    return float(u @ v / (torch.linalg.norm(u) * torch.linalg.norm(v)))


def task_vector_magnitude_ratio(x: dict, y: dict) -> float:
    norms = [float(torch.linalg.norm(flat(vector))) for vector in (x, y)]
    return min(norms) / max(norms)


def effective_rank(values: torch.Tensor) -> float:
    """e^H of singular values, H the entropy of their shares."""
    shares = values[values > 0] / values.sum()
    return math.exp(-float((shares * shares.log()).sum()))


def stacked(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Singular values of the matrix whose two rows are u and v, by a thin decomposition."""
    return torch.linalg.svd(torch.stack([u, v]), full_matrices=False)[1]


def effective_ranks(x: dict, y: dict) -> dict[str, float]:
    values = stacked(flat(x), flat(y))
    rank, (first, second) = effective_rank(values), values.tolist()
    return {
        "effective_rank": rank,
        "effective_rank_mergeability_score": min(1.0, max(0.0, 2 - rank)),
        "stable_rank": (first + second) ** 2 / (first**2 + second**2),
        "spectral_gap": (first - second) / first,
        "singular_value_ratio": second / first,
    }


def layerwise_effective_ranks(x: dict, y: dict) -> dict[str, float]:
    total = weights = 0.0
    for name in sorted(x):
        u, v = x[name].reshape(-1), y[name].reshape(-1)
        norms = [float(torch.linalg.norm(vector)) for vector in (u, v)]
        if min(norms) >= NEGLIGIBLE:
            total += sum(norms) * effective_rank(stacked(u, v))
            weights += sum(norms)
    rank = total / weights
    return {
        "layerwise_effective_rank": rank,
        "layerwise_effective_rank_mergeability_score": min(1.0, max(0.0, 2 - rank)),
    }


def subspaces(x: dict, y: dict) -> dict[str, float]:
    found = []
    for name in sorted(x):
        if x[name].ndim != 2 or name.endswith(("positional_embedding", "token_embedding.weight")):
            continue
        matrices = [vector[name].T if name.endswith("visual.proj") else vector[name] for vector in (x, y)]
        if not all(matrix.any() for matrix in matrices):
            continue
        (u, s, uh), (v, t, vh) = (torch.linalg.svd(matrix, full_matrices=False) for matrix in matrices)
        k, q = min(K, len(s)), min(LARGEST, len(s))
        top, bottom = (float(torch.linalg.norm(uh[part] @ vh[part].T)) for part in (slice(k), slice(len(s) - k, None)))
        found.append(
            {
                "singular_value_overlap": float(s[:q] @ t[:q] / (torch.linalg.norm(s[:q]) * torch.linalg.norm(t[:q]))),
                "subspace_overlap": float(torch.linalg.norm(u[:, :k].T @ v[:, :k])) / math.sqrt(k),
                "right_subspace_overlap_top_k": top / math.sqrt(k),
                "right_subspace_overlap_bottom_k": bottom / math.sqrt(k),
                "interaction_matrix_overlap_top_k": top**2 / k,
                "interaction_matrix_overlap_bottom_k": bottom**2 / k,
            }
        )
    return {metric: math.fsum(values[metric] for values in found) / len(found) for metric in found[0]}
