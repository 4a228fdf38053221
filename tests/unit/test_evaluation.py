"""Accuracy, loss, normalised accuracy."""

import math

import numpy as np
import pytest
import torch

from mergecast import encoders, evaluation
from mergecast.errors import MergecastError


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
    assert result["loss"] == pytest.approx(-np.log(chance[np.arange(7), labels]).mean(), rel=1e-4)


def test_a_head_that_cannot_tell_has_the_loss_of_chance(encoder, images):
    result = evaluation.evaluate(encoder, torch.zeros(4, 96), images, np.arange(7) % 4)
    assert result["loss"] == pytest.approx(math.log(4)) and result["accuracy"] == 2 / 7


def test_the_batch_size_does_not_change_what_is_counted(encoder, images):
    head, labels = torch.randn(3, 96, generator=torch.Generator().manual_seed(1)), np.arange(7) % 3
    small, whole = (evaluation.evaluate(encoder, head, images, labels, batch_size=size) for size in (2, 100))
    assert small["accuracy"] == whole["accuracy"] and small["loss"] == pytest.approx(whole["loss"], rel=1e-5)


def test_normalised_accuracy_is_relative_to_the_fine_tuned_model():
    assert evaluation.normalised_accuracy(0.6, 0.8, "t") == pytest.approx(0.75)
    assert evaluation.normalised_accuracy(0.9, 0.8, "t") > 1, "a merge may be better than its part"


def test_normalised_accuracy_without_fine_tuned_accuracy_is_an_error():
    with pytest.raises(MergecastError, match=r"task digits: its fine-tuned accuracy is 0"):
        evaluation.normalised_accuracy(0.5, 0.0, "digits")
