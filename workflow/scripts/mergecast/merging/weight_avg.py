"""Mean of the fine-tuned weights: θ = mean θ_t."""

from ._streaming import mean, streamed


def merge(base, models):
    """Average the models.

    base: mapping from tensor name to tensor. models: mapping from task to such a mapping, 2 or more.
    Returns the merged state, types as in the base. Source: Wortsman et al. 2022, "Model soups" (uniform soup).
    """
    return streamed(base, models, lambda name, vectors: mean(vectors))
