"""Mean of the fine-tuned weights: θ = mean θ_t."""

from ._streaming import elementwise, mean, streamed


def merge(base, models):
    """Average the models.

    Parameters
    ----------
    base : mapping from tensor name to tensor
    models : mapping from task to such a mapping
        2 or more.

    Returns
    -------
    mapping from tensor name to tensor
        The merged state, types as in the base.

    Raises
    ------
    MergecastError
        If shapes differ from the base's, or an entry is not finite before or after merging.

    Notes
    -----
    Wortsman et al. 2022, "Model soups" (uniform soup).
    """

    def update(name, vectors):
        return mean(vectors)

    return streamed(base, models, update, by_pieces=elementwise(update))
