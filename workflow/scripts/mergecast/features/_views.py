"""What is read off the embeddings of `views`: probabilities of the true class, accuracies shrunk towards chance."""

from collections.abc import Iterable, Mapping

import numpy as np

SHARES = (0.0, 0.3, 0.5, 0.7, 1.0)  # of the task vector
HALF = 0.5  # the share of each task vector in the average of two checkpoints
LEAST = 1e-3  # added to a probability before its logarithm is taken


def embedded(encoder, images, *, batch_size: int = 100):
    """Embeddings (n, D) of images, float32 on the CPU, each of length 1."""
    import torch
    from torch.nn import functional

    encoder.eval()
    starts = range(0, len(images), batch_size)
    with torch.inference_mode():
        parts = [encoder(encoder.preprocess(images.images[start : start + batch_size])) for start in starts]
        return torch.cat([functional.normalize(part, dim=1).float().cpu() for part in parts])


def probabilities(embeddings: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Softmax (n, C) of the logits of embeddings (n, D), made unit length, under a head (C, D), float64."""
    logits = _unit(np.float64(embeddings)) @ np.float64(head).T
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def accuracy(p: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose most probable class (n, C) is the true one."""
    return float((p.argmax(axis=1) == labels).mean())


def ratio(part: float, whole: float, classes: int) -> float:
    """An accuracy over another, both shrunk towards chance: (x + c)/(y + c), c = 1/classes."""
    return (part + 1 / classes) / (whole + 1 / classes)


def confidence(p: np.ndarray, labels: np.ndarray) -> float:
    """log of the mean probability of the true class (+ 10⁻³)."""
    return float(np.log(p[np.arange(len(labels)), labels].mean() + LEAST))


def margins(p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Probability of the true class less the largest of another (n,), in [−1, 1]."""
    rows, others = np.arange(len(labels)), p.copy()
    others[rows, labels] = -np.inf
    return p[rows, labels] - others.max(axis=1)


def of_own(views: Mapping) -> tuple[np.ndarray, dict[float, np.ndarray]]:
    """Labels (n,) of a checkpoint's own images, and their probabilities (n, C) by share of its task vector, as far as seen."""
    head, seen = np.asarray(views["head"]), [share for share in SHARES if str(share) in views]
    return np.asarray(views["labels"]), {share: probabilities(np.asarray(views[str(share)]), head) for share in seen}


def of_pairs(views: Mapping[str, Mapping], cross_views: Mapping[str, Mapping], tasks: Iterable[str]):
    """For every task a: its labels, its `of_own`, and the probabilities (n, C) of its images by every other task b that saw
    them, under z(θ0 + ½τ_a) + z(θ0 + ½τ_b) − z(θ0): what the average of both would see, were the tower linear in its
    weights."""
    tasks = tuple(tasks)
    for a in tasks:
        labels, p = of_own(views[a])
        half, base = (np.float64(np.asarray(views[a][str(share)])) for share in (HALF, 0.0))
        sums = {b: half + np.asarray(cross_views[b][a]) - base for b in tasks if a in cross_views.get(b, ())}
        yield a, labels, p, {b: probabilities(embeddings, np.asarray(views[a]["head"])) for b, embeddings in sums.items()}


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(float).tiny)
