"""Calibration images, mean activations, input gradients, encoder gradients."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from mergecast import tasks
from mergecast.errors import MergecastError
from mergecast.features import _images, gradients, probes
from mergecast.models import encoders


@pytest.fixture(scope="module")
def encoder():
    return encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip", seed=1).visual)


@pytest.fixture(scope="module")
def head():
    return 5 * torch.randn(3, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return tasks.Split(rng.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8), np.array([0, 1, 2, 1, 0]))


def loss_of(encoder, head, pixels, labels):
    return functional.cross_entropy(functional.normalize(encoder(pixels), dim=1) @ head.T, torch.as_tensor(labels))


def test_calibration_images_depend_on_the_task_and_the_seed_alone():
    first = _images.calibration_indices("a", 100, 10, seed=0)
    assert np.array_equal(first, _images.calibration_indices("a", 100, 10, seed=0))
    assert len(set(first)) == 10 and np.array_equal(first, np.sort(first)) and first[0] >= 0 and first[-1] < 100
    assert not np.array_equal(first, _images.calibration_indices("b", 100, 10, seed=0))
    assert not np.array_equal(first, _images.calibration_indices("a", 100, 10, seed=1))


def test_calibration_images_come_from_the_train_split():
    task = tasks.load({"task": "lines", "source": "procedural", "options": "train=40 test=20"}, size=32, seed=0)
    chosen = _images.calibration(task, 6, seed=0)
    train = {image.tobytes(): label for image, label in zip(task.train.images, task.train.labels, strict=True)}
    assert len(chosen) == 6
    assert all(train[image.tobytes()] == label for image, label in zip(chosen.images, chosen.labels, strict=True))


def test_more_calibration_images_than_images_is_an_error():
    with pytest.raises(
        MergecastError, match=r"task digits: calibration.images_per_task is 11, but it has only 10 train images"
    ):
        _images.calibration_indices("digits", 10, 11, seed=0)


def test_the_activation_is_the_mean_over_images_and_tokens_of_the_last_block(encoder, head, images):
    found = probes.probe(encoder, head, images, batch_size=2)
    with torch.no_grad():
        layers = encoder.visual.forward_intermediates(
            encoder.preprocess(images.images), indices=1, output_fmt="NLC", output_extra_tokens=True
        )
    whole = torch.cat([layers["image_intermediates_prefix"][-1], layers["image_intermediates"][-1]], dim=1)
    assert whole.shape == (5, 17, 96)
    np.testing.assert_allclose(found.activation, whole.double().mean(dim=(0, 1)).numpy(), rtol=1e-4, atol=1e-6)
    assert found.count == 5 and found.activation.dtype == np.float64


def test_each_input_gradient_is_that_of_its_image_alone(encoder, head, images):
    found = probes.probe(encoder, head, images, batch_size=5)
    assert found.input_gradient.shape == (5 * 3 * 32 * 32,) and found.input_gradient.dtype == np.float32
    for index, gradient in enumerate(found.input_gradient.reshape(5, 3, 32, 32)):
        pixels = encoder.preprocess(images.images[index : index + 1]).requires_grad_()
        (alone,) = torch.autograd.grad(loss_of(encoder, head, pixels, images.labels[index : index + 1]), pixels)
        np.testing.assert_allclose(gradient, alone[0].numpy(), rtol=1e-3, atol=1e-7)


def test_the_input_gradient_agrees_with_finite_differences(head, images):
    encoder = encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip", seed=1).visual)
    one = images.take(slice(0, 1))
    gradient = probes.probe(encoder, head, one).input_gradient.reshape(1, 3, 32, 32)
    pixels, exact = encoder.preprocess(one.images).double(), encoder.double().eval()
    direction = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        losses = [
            float(
                functional.cross_entropy(
                    functional.normalize(exact(pixels + step * direction), dim=1) @ head.double().T, torch.tensor([0])
                )
            )
            for step in (1e-4, -1e-4)
        ]
    assert (losses[0] - losses[1]) / 2e-4 == pytest.approx(float((torch.from_numpy(gradient) * direction).sum()), rel=1e-3)


def test_probing_other_tasks_before_changes_no_bit(encoder, head, images):
    alone = probes.probe(encoder, head, images)
    probes.probe(encoder, -head, images.take(slice(2, 5)))
    again = probes.probe(encoder, head, images)
    assert np.array_equal(alone.activation, again.activation) and np.array_equal(alone.input_gradient, again.input_gradient)
    assert not encoder.last_block._forward_hooks, "no hook is left behind"


def test_the_encoder_gradient_is_the_mean_over_images_whatever_the_batch(encoder, head, images):
    found = gradients.encoder_gradient(encoder, head, images, batch_size=2)
    weights = dict(encoder.named_parameters())
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for index in range(5):
        loss = loss_of(encoder, head, encoder.preprocess(images.images[index : index + 1]), images.labels[index : index + 1])
        for name, gradient in zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True):
            total[name] += gradient / 5
    assert set(found) == set(encoder.state()) and all(name.startswith("visual.") for name in found)
    for name, gradient in found.items():
        assert gradient.dtype == torch.float32
        torch.testing.assert_close(gradient, total[name], rtol=1e-3, atol=1e-6)


def test_the_encoder_gradient_agrees_with_finite_differences(head, images):
    encoder = encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip", seed=1).visual)
    gradient = gradients.encoder_gradient(encoder, head, images)["visual.proj"]
    pixels, exact = encoder.preprocess(images.images).double(), encoder.double().eval()
    direction = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    losses = []
    with torch.no_grad():
        for step in (1e-5, -2e-5):
            exact.visual.proj += step * direction
            losses.append(float(loss_of(exact, head.double(), pixels, images.labels)))
    assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(float((gradient * direction).sum()), rel=1e-3)


def test_gradients_leave_the_encoder_as_it_was(encoder, head, images):
    before = encoder.state()
    gradients.encoder_gradient(encoder, head, images)
    assert all(weight.grad is None for weight in encoder.parameters())
    assert all(torch.equal(tensor, encoder.state()[name]) for name, tensor in before.items())
