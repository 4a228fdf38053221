"""The schedule, fine-tuning, pre-training."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from mergecast import tasks
from mergecast.errors import MergecastError
from mergecast.models import checkpoints, encoders
from mergecast.seeding import seed_for
from mergecast.tasks import captions
from mergecast.training import finetune as tuning
from mergecast.training import pretrain as pretraining
from mergecast.training.finetune import Recipe, finetune
from mergecast.training.pretrain import pretrain
from mergecast.training.schedule import learning_rate


@pytest.fixture(scope="module")
def task():
    return tasks.load({"task": "grounds", "source": "procedural", "options": "train=70 test=40"}, size=32, seed=0)


@pytest.fixture(scope="module")
def clip():
    return encoders.new_clip("tiny-clip", seed=1)


@pytest.fixture(scope="module")
def head(clip, task):
    return encoders.zero_shot_head(clip, "tiny-clip", task.class_names, task.prompts)


def new_encoder():
    return encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip", seed=1).visual)


def test_the_rate_rises_in_a_line_and_falls_in_half_a_cosine_to_zero():
    rates = [learning_rate(step, peak=2.0, warmup_steps=4, total_steps=14) for step in range(15)]
    assert rates[:4] == [0.5, 1.0, 1.5, 2.0] and rates[4] == 2.0
    assert rates[9] == pytest.approx(1.0), "half way down"
    assert rates[14] == pytest.approx(0.0, abs=1e-15)
    assert rates[6] == pytest.approx(2 * math.cos(math.pi * 2 / 10 / 2) ** 2)


def test_one_step_of_sgd_is_the_gradient_times_the_rate(task, head):
    base, encoder = new_encoder(), new_encoder()
    chosen = next(tuning._batches(len(task.train), 16, 1, seed_for("order of images", task.name, seed=3)))
    pixels, truth = base.preprocess(task.train.images[chosen]), torch.from_numpy(task.train.labels[chosen])
    scores = torch.nn.functional.normalize(base.train()(pixels), dim=1) @ head.T
    (-torch.log_softmax(scores, dim=1)[range(16), truth].mean()).backward()
    state, curve = finetune(
        *(encoder, head, task),
        Recipe(
            "SGD", 0.1, weight_decay=0.2, momentum=0.0, batch_size=16, steps=1, warmup_steps=0, clip_norm=1e9, evaluations=1
        ),
        seed=3,
    )
    for name, weight in base.named_parameters():
        expected = weight - 0.1 * (weight.grad + 0.2 * weight)
        torch.testing.assert_close(state[name], expected.detach(), rtol=1e-4, atol=1e-6)
    assert curve[0]["learning_rate"] == pytest.approx(0.1)


def test_momentum_and_clipping_do_what_they_say(task, head):
    common = Recipe("SGD", learning_rate=0.5, weight_decay=0.0, batch_size=16, warmup_steps=0, clip_norm=1e-3, evaluations=1)
    base = new_encoder().state()

    def length(state):
        return math.sqrt(sum(float((state[name] - base[name]).double().square().sum()) for name in base))

    one, _ = finetune(new_encoder(), head, task, replace(common, momentum=0.0, steps=1), seed=3)
    assert length(one) == pytest.approx(0.5 * 1e-3, rel=1e-2), "rate times the clipped norm"
    plain, heavy = (
        length(finetune(new_encoder(), head, task, replace(common, momentum=momentum, steps=4), seed=3)[0])
        for momentum in (0.0, 0.9)
    )
    assert heavy > 1.3 * plain


@pytest.mark.parametrize("optimizer", ["AdamW", "SGD"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(task, head, optimizer):
    def tuned(seed):
        state, curve = finetune(new_encoder(), head, task, Recipe(optimizer=optimizer, batch_size=16, steps=3), seed=seed)
        return checkpoints.content_hash(state), curve

    (first, curve), (second, again), (other, _) = tuned(1), tuned(1), tuned(2)
    assert first == second and curve == again and first != other


def test_fine_tuning_learns_and_its_curve_says_so(task, head):
    state, curve = finetune(new_encoder(), head, task, Recipe(batch_size=32, steps=25, evaluations=3, warmup_steps=5), seed=0)
    assert [row["step"] for row in curve] == list(range(1, 26))
    assert [row["step"] for row in curve if row["validation_accuracy"] is not None] == [9, 17, 25]
    first, last = (np.mean([row["train_loss"] for row in rows]) for rows in (curve[:3], curve[-3:]))
    assert last < 0.8 * first
    assert all(torch.isfinite(tensor).all() for tensor in state.values())


def test_the_head_and_the_images_are_left_as_they_were(task, head):
    before = head.clone(), task.train.images.copy()
    finetune(new_encoder(), head, task, Recipe(batch_size=32, steps=2), seed=0)
    assert torch.equal(head, before[0]) and np.array_equal(task.train.images, before[1])


def test_epochs_are_passes_that_use_every_image_once(task, head):
    _, curve = finetune(new_encoder(), head, task, Recipe(batch_size=32, epochs=2, evaluations=1), seed=0)
    assert len(curve) == 4, "63 images make two batches of 32 and 31"
    batches = list(tuning._batches(63, 32, 4, 0))
    for first in (0, 2):
        assert sorted(np.concatenate(batches[first : first + 2])) == list(range(63))
    assert not np.array_equal(batches[0], batches[2])


@pytest.mark.parametrize("length", [{}, {"steps": 2, "epochs": 2}, {"steps": 0}])
def test_the_length_of_fine_tuning_must_be_one_thing(task, head, length):
    with pytest.raises(MergecastError, match="task grounds: .*`steps`"):
        finetune(new_encoder(), head, task, Recipe(**length), seed=0)


def test_an_unknown_optimizer_is_refused(task, head):
    with pytest.raises(MergecastError, match="'Adam' is unknown; choose AdamW or SGD"):
        finetune(new_encoder(), head, task, Recipe(optimizer="Adam", steps=1), seed=0)


def test_a_diverging_loss_names_the_task_and_the_step(task, head):
    with pytest.raises(MergecastError, match=r"task grounds: the loss is not finite at step \d+ of 10; lower `learning_rate`"):
        finetune(new_encoder(), head, task, Recipe("SGD", 1e30, batch_size=8, steps=10, clip_norm=1e30), seed=0)


@pytest.fixture(scope="module")
def corpus():
    return captions.drawn_corpus(128, size=32, seed=0)


def test_pretraining_learns_from_its_captions_and_repeats_itself(corpus):
    def trained():
        return pretrain("tiny-clip", corpus, pretraining.Recipe(steps=20, batch_size=32, warmup_steps=5), seed=0)

    clip, curve = trained()
    again, same = trained()
    assert curve == same
    assert checkpoints.content_hash(clip.state_dict()) == checkpoints.content_hash(again.state_dict())
    first, last = (np.mean([row["train_loss"] for row in rows]) for rows in (curve[:4], curve[-4:]))
    assert last < first - 0.1
    assert clip.token_embedding.weight.shape == (49408, 64), "the whole table is back"


def test_words_outside_the_captions_keep_their_first_vectors(corpus):
    clip, _ = pretrain("tiny-clip", corpus, pretraining.Recipe(steps=2, batch_size=16), seed=0)
    before, after = encoders.new_clip("tiny-clip", seed=0).token_embedding.weight, clip.token_embedding.weight
    used = torch.unique(pretraining._tokens("tiny-clip", corpus))
    changed = (before != after).any(dim=1).nonzero().flatten()
    assert len(used) > 40 and set(changed.tolist()) == set(used.tolist())


def test_any_tasks_images_can_be_the_corpus(task):
    clip, curve = pretrain(
        "tiny-clip", captions.task_corpus([task]), pretraining.Recipe(steps=30, batch_size=32, warmup_steps=5), seed=0
    )
    assert np.mean([row["train_accuracy"] for row in curve[-5:]]) > 2 / 8, "twice chance on what it was shown"


def test_a_mirrored_corpus_has_each_image_and_its_mirror_image_under_one_caption(task):
    plain, mirrored = captions.task_corpus([task]), captions.task_corpus([task], mirrored=True)
    number = len(plain.images)
    assert np.array_equal(mirrored.images[:number], plain.images)
    assert np.array_equal(mirrored.images[number:], np.flip(plain.images, axis=2))
    (before,), (after,) = plain.attributes, mirrored.attributes
    assert np.array_equal(after.labels, np.concatenate([before.labels, before.labels]))


def test_matching_counts_every_fitting_image_as_right():
    images, texts = torch.eye(2).repeat(2, 1), torch.eye(2)
    attribute = captions.Attribute("a", ("x", "y"), ("{}",), np.array([0, 1, 0, -1]))
    captioned = captions.Captioned(np.zeros((4, 1, 1, 3), np.uint8), (attribute,))
    loss, accuracy = pretraining._matching(images, texts, torch.tensor(2.0), captioned, np.arange(4))
    e = math.exp(2)
    to_captions = -math.log(e / (e + 1))
    to_images = (-math.log(e / (2 * e + 1)) - math.log(e / (e + 2))) / 2
    assert float(loss) == pytest.approx((to_captions + to_images) / 2, rel=1e-6)
    assert accuracy == 1.0


def test_a_diverging_pretraining_names_the_step(corpus):
    with pytest.raises(MergecastError, match="pre-training tiny-clip: the loss is not finite at step"):
        pretrain(
            "tiny-clip", corpus, pretraining.Recipe(steps=5, batch_size=16, learning_rate=float("inf"), warmup_steps=0), seed=0
        )
