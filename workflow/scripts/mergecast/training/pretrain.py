"""Contrastive pre-training of a small CLIP on captioned images.

An image usually fits several captions at once ("a red figure", "a ring"), and many images of a batch fit the same
one, so that CLIP's loss, in which each image has one right caption in the batch, would call right answers wrong.
Instead the captions compete within the attribute they state: an image is matched against all captions of the
attribute, and each caption against the images of the batch that state the attribute, any image it fits being a right
answer.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from ..errors import MergecastError
from ..models.encoders import Encoder, library, new_clip
from ..tasks.captions import Captioned
from .progress import UNSAVED, Progress
from .schedule import learning_rate as scheduled

BETAS = (0.9, 0.98)  # those of CLIP
LARGEST_LOGIT_SCALE = float(np.log(100))


@dataclass(frozen=True)
class Recipe:
    """How a base is pre-trained: the keys of `training` of a base. `learning_rate` is the peak, after `warmup_steps`."""

    steps: int = 600
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_steps: int = 30
    clip_norm: float = 1.0


def pretrain(
    model: str,
    corpus: Captioned,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    progress: Progress = UNSAVED,
) -> tuple[nn.Module, list[dict]]:
    """Train a CLIP from random weights, image and text tower together; return it (on the CPU) and the training curve.

    AdamW with a warm-up and half a cosine; images are drawn in passes, each shuffled by `seed`; captions take their
    templates in turn. The logit scale is learned and kept ≤ 100, as in CLIP.

    Parameters
    ----------
    model : str
        Name of a model that OpenCLIP or `models/` knows.
    corpus : Captioned
    recipe : Recipe
    seed : int
    device : torch.device or str, default "cpu"
    progress : Progress, default UNSAVED
        What it holds of the same run is resumed.

    Returns
    -------
    tuple of nn.Module and list of dict
        The CLIP, and the curve, one row per step: `step` (from 1), `learning_rate`, `train_loss` (nats) and `train_accuracy`,
        in [0, 1], the share of right captions over the batch's attributes.

    Raises
    ------
    MergecastError
        If the loss or gradient is not finite, naming the step, the model is unknown, or its text tower is not OpenCLIP's own.

    Notes
    -----
    Radford et al., 2021 (CLIP); the matching of many images to one caption follows Khosla et al., Supervised contrastive
    learning, 2020.
    """
    clip = new_clip(model, seed=seed).to(device).train()
    if not hasattr(clip, "token_embedding"):
        raise MergecastError(f"model {model}: its text tower is not OpenCLIP's own; pre-train another model")
    encoder = Encoder(model, clip.visual).to(device)
    batches = _batches(len(corpus.images), recipe.batch_size, recipe.steps, np.random.default_rng(seed))
    with _words_in_use(clip, _tokens(model, corpus).to(device)) as tokens:
        trainer = torch.optim.AdamW(clip.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, betas=BETAS)
        done, curve = progress.resume(clip, trainer)
        bar = tqdm(islice(batches, done, None), initial=done, total=recipe.steps, desc=f"pre-training {model}")
        for step, chosen in enumerate(bar, start=done):
            rate = scheduled(step, peak=recipe.learning_rate, warmup_steps=recipe.warmup_steps, total_steps=recipe.steps)
            for group in trainer.param_groups:
                group["lr"] = rate
            images = functional.normalize(encoder(encoder.preprocess(corpus.images[chosen])), dim=-1)
            texts = clip.encode_text(tokens[step % len(tokens)], normalize=True)
            loss, accuracy = _matching(images, texts, clip.logit_scale.exp(), corpus, chosen)
            trainer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(clip.parameters(), recipe.clip_norm)
            if not (torch.isfinite(loss) and torch.isfinite(norm)):
                raise MergecastError(f"pre-training {model}: the loss is not finite at step {step + 1}; lower `learning_rate`")
            trainer.step()
            with torch.no_grad():
                clip.logit_scale.clamp_(max=LARGEST_LOGIT_SCALE)
            curve.append({"step": step + 1, "learning_rate": rate, "train_loss": loss.item(), "train_accuracy": accuracy})
            progress.save(step + 1, clip, trainer, curve)
    return clip.eval().cpu(), curve


def _matching(images, texts, scale, corpus: Captioned, chosen) -> tuple[torch.Tensor, float]:
    """Mean over attributes of both cross-entropies (to captions, to images), and the share of right captions."""
    losses, right, asked, start = [], 0, 0, 0
    for attribute in corpus.attributes:
        captions = texts[start : start + len(attribute.phrases)]
        start += len(attribute.phrases)
        stated = np.flatnonzero(attribute.labels[chosen] >= 0)
        if not len(stated):
            continue
        truth = torch.from_numpy(attribute.labels[chosen][stated]).to(images.device)
        scores = scale * images[torch.from_numpy(stated).to(images.device)] @ captions.T
        fits = functional.one_hot(truth, len(captions)).to(scores.dtype)
        present = fits.sum(dim=0) > 0
        to_images = -(functional.log_softmax(scores, dim=0) * fits).sum(dim=0)[present] / fits.sum(dim=0)[present]
        losses.append((functional.cross_entropy(scores, truth) + to_images.mean()) / 2)
        right += int((scores.argmax(dim=1) == truth).sum())
        asked += len(stated)
    return torch.stack(losses).mean(), right / asked


def _tokens(model: str, corpus: Captioned) -> torch.Tensor:
    """Tokens of all captions in every template: templates × captions × context."""
    tokenise = library().get_tokenizer(model)
    templates = max(len(attribute.templates) for attribute in corpus.attributes)
    return torch.stack(
        [tokenise([text for attribute in corpus.attributes for text in attribute.captions(turn)]) for turn in range(templates)]
    )


@contextmanager
def _words_in_use(clip: nn.Module, tokens: torch.Tensor):
    """Give the text tower a table of only the words in `tokens`, and yield the tokens that point into it.

    The whole table dwarfs a small CLIP, and every step would update all of it. On leaving, the trained rows go back.
    The order of words is kept, since OpenCLIP finds the end of a text as its largest token.
    """
    whole = clip.token_embedding
    words, places = torch.unique(tokens, return_inverse=True)
    clip.token_embedding = nn.Embedding.from_pretrained(whole.weight[words].detach().clone(), freeze=False)
    try:
        yield places
    finally:
        with torch.no_grad():
            whole.weight[words] = clip.token_embedding.weight
        clip.token_embedding = whole


def _batches(images: int, batch_size: int, steps: int, rng: np.random.Generator):
    """`steps` batches of indices: pass after pass over all images, each in a new order, a short last batch left out."""
    size = min(batch_size, images)
    made = 0
    while made < steps:
        order = rng.permutation(images)
        for start in range(0, min(images - size + 1, (steps - made) * size), size):
            yield order[start : start + size]
            made += 1
