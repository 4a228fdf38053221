"""Accuracy, loss, normalised accuracy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mergecast import evaluation, tasks
from mergecast.errors import MergecastError
from mergecast.files import unpack_bits
from mergecast.models import encoders
from mergecast.training.finetune import Recipe, finetune


@pytest.fixture(scope="module")
def encoder():
    return encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip", seed=1).visual)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)


def test_accuracy_and_loss_are_those_of_a_plain_softmax(encoder, images):
    head = 20 * torch.randn(3, 96, generator=torch.Generator().manual_seed(0))
    labels = np.array([0, 1, 2, 0, 1, 2, 0])
    result = evaluation.evaluate(encoder, head, images, labels, batch_size=3)
    with torch.no_grad():
        features = encoder(encoder.preprocess(images)).double().numpy()
    scores = features / np.linalg.norm(features, axis=1, keepdims=True) @ head.double().numpy().T
    chance = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert result["n"] == 7
    assert result["accuracy"] == np.mean(scores.argmax(axis=1) == labels)
    np.testing.assert_array_equal(unpack_bits(result["right"], 7), scores.argmax(axis=1) == labels)
    assert result["loss"] == pytest.approx(-np.log(chance[np.arange(7), labels]).mean(), rel=1e-4)


def test_a_head_that_cannot_tell_has_the_loss_of_chance(encoder, images):
    result = evaluation.evaluate(encoder, torch.zeros(4, 96), images, np.arange(7) % 4)
    assert result["loss"] == pytest.approx(math.log(4)) and result["accuracy"] == 2 / 7


def test_the_batch_size_does_not_change_what_is_counted(encoder, images):
    head, labels = torch.randn(3, 96, generator=torch.Generator().manual_seed(1)), np.arange(7) % 3
    small, whole = (evaluation.evaluate(encoder, head, images, labels, batch_size=size) for size in (2, 100))
    assert (
        small["accuracy"] == whole["accuracy"]
        and small["right"] == whole["right"]
        and small["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    )


class Small(encoders.Encoder):
    """An encoder whose memory holds no more than some images at once; `seen`: the sizes of the batches it was given."""

    def hold(self, most):
        self.most, self.seen = most, []
        return self

    def forward(self, images):
        self.seen.append(len(images))
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(images)


def small(most):
    return Small("tiny-clip", encoders.new_clip("tiny-clip", seed=1).visual).hold(most)


def test_auto_is_a_fixed_number_on_the_cpu(images):
    head, many, encoder = torch.zeros(3, 96), np.repeat(images, 60, axis=0), small(1000)
    automatic = evaluation.evaluate(encoder, head, many, np.arange(420) % 3, batch_size="auto")
    assert encoder.seen == [200, 200, 20]
    assert automatic == evaluation.evaluate(encoder, head, many, np.arange(420) % 3, batch_size=200)


def test_a_batch_too_large_for_the_memory_is_halved_and_no_image_is_counted_twice(encoder, images):
    head, labels = torch.randn(3, 96, generator=torch.Generator().manual_seed(1)), np.arange(7) % 3
    expected = evaluation.evaluate(encoder, head, images, labels, batch_size=2)
    tight = small(2)
    found = evaluation.evaluate(tight, head, images, labels, batch_size=5)
    assert tight.seen == [5, 2, 2, 2, 1]
    assert found["accuracy"] == expected["accuracy"] and found["loss"] == pytest.approx(expected["loss"], rel=1e-5)


def test_what_was_counted_before_the_memory_ran_out_stays_counted(encoder, images):
    head, labels = torch.randn(3, 96, generator=torch.Generator().manual_seed(1)), np.arange(7) % 3
    filling = small(7)

    def forward(pixels):
        filling.most = 7 if not filling.seen else 1
        return Small.forward(filling, pixels)

    filling.forward = forward
    found = evaluation.evaluate(filling, head, images, labels, batch_size=4)
    assert filling.seen == [4, 3, 1, 1, 1]
    assert found["right"] == evaluation.evaluate(encoder, head, images, labels)["right"]
    expected = evaluation.evaluate(encoder, head, images, labels, batch_size=7)
    assert found["accuracy"] == expected["accuracy"] and found["loss"] == pytest.approx(expected["loss"], rel=1e-5)


def test_a_memory_too_small_for_one_image_is_one_line(images):
    with pytest.raises(MergecastError, match="model tiny-clip: one image alone takes more than the memory of cpu"):
        evaluation.evaluate(small(0), torch.zeros(3, 96), images, np.arange(7) % 3)


def test_half_precision_is_used_when_asked_for_and_not_by_default_on_the_cpu(encoder, images):
    head, labels = 20 * torch.randn(3, 96, generator=torch.Generator().manual_seed(0)), np.arange(7) % 3
    plain, full, half = (
        evaluation.evaluate(encoder, head, images, labels, precision=precision)
        for precision in (None, torch.float32, torch.float16)
    )
    assert plain == full
    assert half["loss"] != full["loss"] and half["loss"] == pytest.approx(full["loss"], rel=1e-3)


def test_what_leaves_the_range_of_half_precision_is_tested_again_in_full(images):
    head, labels = 20 * torch.randn(3, 96, generator=torch.Generator().manual_seed(0)), np.arange(7) % 3
    large = encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip", seed=1).visual)
    with torch.no_grad():
        large.visual.transformer.resblocks[0].mlp.c_fc.weight *= 1e7
    full, half = (
        evaluation.evaluate(large, head, images, labels, precision=precision) for precision in (torch.float32, torch.float16)
    )
    assert math.isfinite(full["loss"]) and half == full


def test_half_precision_moves_no_accuracy_of_a_trained_model_by_more_than_a_fifth_of_a_point():
    digits = tasks.load({"task": "digits", "source": "digits", "options": "test=1000"}, size=32, seed=0)
    clip = encoders.new_clip("tiny-clip", seed=1)
    head = encoders.zero_shot_head(clip, "tiny-clip", digits.class_names, digits.prompts)
    encoder = encoders.Encoder("tiny-clip", clip.visual)
    finetune(encoder, head, digits, Recipe(steps=60, evaluations=0), seed=0)
    full, half = (
        evaluation.evaluate(encoder, head, digits.test.images, digits.test.labels, precision=precision)
        for precision in (torch.float32, torch.float16)
    )
    assert full["accuracy"] > 0.2, "well above chance"
    assert half["loss"] != full["loss"]
    assert round(abs(half["accuracy"] - full["accuracy"]), 9) <= 0.002


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_counts_what_the_cpu_counts(images):
    head, many = 20 * torch.randn(3, 96, generator=torch.Generator().manual_seed(0)), np.repeat(images, 100, axis=0)
    labels, visual = np.arange(700) % 3, encoders.new_clip("tiny-clip", seed=1).visual
    cpu = evaluation.evaluate(encoders.Encoder("tiny-clip", visual), head, many, labels)
    gpu = evaluation.evaluate(encoders.Encoder("tiny-clip", visual).to("cuda"), head, many, labels)
    assert round(abs(gpu["accuracy"] - cpu["accuracy"]), 9) <= 0.002
    assert gpu["loss"] == pytest.approx(cpu["loss"], rel=1e-3) and gpu["n"] == 700


def test_normalised_accuracy_is_relative_to_the_fine_tuned_model():
    assert evaluation.normalised_accuracy(0.6, 0.8, "t") == pytest.approx(0.75)
    assert evaluation.normalised_accuracy(0.9, 0.8, "t") > 1, "a merge may be better than its part"


@given(st.floats(0, 1), st.floats(1e-3, 1))
def test_normalised_accuracy_times_the_fine_tuned_is_the_merged_one_however_poor_the_fine_tuned_model(merged, fine_tuned):
    assert evaluation.normalised_accuracy(merged, fine_tuned, "t") * fine_tuned == pytest.approx(merged)


def test_normalised_accuracy_without_fine_tuned_accuracy_is_an_error():
    with pytest.raises(MergecastError, match=r"task digits: its fine-tuned accuracy is 0"):
        evaluation.normalised_accuracy(0.5, 0.0, "digits")
