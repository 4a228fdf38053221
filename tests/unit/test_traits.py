"""Features that forecasters take as covariates: validation images, closed forms on embeddings, real passes through a tower."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mergecast import catalogue, features, tasks
from mergecast.features import _images, _views, jvp, length, noise
from mergecast.features._given import Checkpoint, Grid
from mergecast.features._make import images_of
from mergecast.models import encoders
from mergecast.models.checkpoints import State
from mergecast.seeding import seed_for

MODEL = "tiny-clip"
TASKS = ("one", "two", "three")
FIGURES = ("lines", "shapes", "counts")


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    """A base, three checkpoints, their tasks' images and heads, as files: (base, models, shown rows)."""
    folder = tmp_path_factory.mktemp("traits")
    clip = encoders.new_clip(MODEL, seed=1)
    encoders.save_clip(folder / "clip.safetensors", clip, MODEL)
    encoders.save_visual(folder / "base.safetensors", folder / "clip.safetensors")
    base, models, rows = State(folder / "base.safetensors"), {}, []
    for number, name in enumerate(TASKS):
        row = {"task": name, "source": "procedural", "options": f"figure={FIGURES[number]} train=200 test=20"}
        task = tasks.load(row, size=32, seed=0)
        tasks.save(folder / f"{name}.safetensors", task)
        head = encoders.zero_shot_head(clip, MODEL, task.class_names, task.prompts)
        path = folder / f"head_{name}.safetensors"
        encoders.save_head(path, head, task=name, class_names=task.class_names, base_sha256=encoders.content_hash(base))
        generator = torch.Generator().manual_seed(number)
        models[name] = {key: base[key] + 0.02 * torch.randn(base[key].shape, generator=generator) for key in base}
        rows.append((name, folder / f"{name}.safetensors", path))
    return base, models, rows


def checkpoint(setting, name, task, most=200):
    base, models, rows = setting
    feature = features.find(name)
    shown = [row for row in rows if feature.images == "all" or row[0] == task]
    return Checkpoint(task=task, base=base, model=models[task], images=images_of(feature, shown, None, seed=0, most=most))


def every(setting):
    """What `views` and `cross_views` make of every checkpoint, as their files are read."""
    return {
        name: {
            task: {key: np.asarray(value) for key, value in compute(name)(checkpoint(setting, name, task)).items()}
            for task in TASKS
        }
        for name in ("views", "cross_views")
    }


def compute(name):
    return catalogue.load(features.WING, name).compute


def grid_of(setting, made, name):
    base, models, rows = setting
    images = images_of(features.find(name), rows, None, seed=0, most=200)
    return Grid(tasks=TASKS, base=base, models=models, features=made, images=images, progress=False)


@pytest.fixture(scope="module")
def made(setting):
    return every(setting)


def test_the_images_are_of_the_validation_split_and_at_most_so_many(setting):
    for most, count in ((5, 5), (1000, None)):
        source = checkpoint(setting, "views", "two", most)
        task = _images.open_task(source.images.files["two"])
        images, _ = _images.shown(source)["two"]
        assert len(images) == (count or len(task.val))
        inside = {image.tobytes() for image in np.asarray(task.val.images)}
        assert all(image.tobytes() in inside for image in np.asarray(images.images))
        again, _ = _images.shown(checkpoint(setting, "views", "two", most))["two"]
        np.testing.assert_array_equal(again.labels, images.labels)


def test_views_are_what_the_tower_gives_at_each_share_of_the_task_vector(setting, made):
    base, models, _ = setting
    images, head = _images.shown(checkpoint(setting, "views", "two"))["two"]
    for share in _views.SHARES:
        network = encoders.open_encoder(base)
        network.load({key: base[key] + share * (models["two"][key] - base[key]) for key in base})
        with torch.inference_mode():
            out = network(network.preprocess(images.images)).double()
        wanted = (out / out.norm(dim=1, keepdim=True)).numpy()
        np.testing.assert_allclose(made["views"]["two"][str(share)], wanted, atol=2e-6)
    np.testing.assert_array_equal(made["views"]["two"]["labels"], images.labels)
    np.testing.assert_allclose(made["views"]["two"]["head"], head.numpy(), atol=0)


def test_cross_views_are_the_images_of_other_tasks_half_way(setting, made):
    base, models, _ = setting
    assert {task: set(file) for task, file in made["cross_views"].items()} == {task: {*TASKS} - {task} for task in TASKS}
    images, _ = _images.shown(checkpoint(setting, "cross_views", "two"))["three"]
    network = encoders.open_encoder(base).load({key: (base[key] + models["two"][key]) / 2 for key in base})
    with torch.inference_mode():
        out = torch.nn.functional.normalize(network(network.preprocess(images.images)), dim=1)
    np.testing.assert_allclose(made["cross_views"]["two"]["three"], out.numpy(), atol=2e-6)


def test_probabilities_are_those_of_the_logits_that_models_are_tested_with(made):
    views = made["views"]["one"]
    logits = encoders.logits(torch.tensor(views["0.5"]), torch.tensor(views["head"]))
    wanted = torch.softmax(logits.double(), dim=1).numpy()
    np.testing.assert_allclose(_views.probabilities(views["0.5"], views["head"]), wanted, atol=1e-5)


def by_hand(embeddings, head):
    """Softmax of the logits of unit embeddings, written out once more."""
    logits = embeddings / np.linalg.norm(embeddings, axis=1)[:, None] @ head.T
    powers = np.exp(logits - logits.max(axis=1)[:, None])
    return powers / powers.sum(axis=1)[:, None]


def test_scaling_is_a_ratio_of_accuracies_shrunk_towards_chance(setting, made):
    found = {
        name: compute(name)(grid_of(setting, made, name)) for name in ("scaling", "scaling_agreement", "scaling_confidence")
    }
    for place, task in enumerate(TASKS):
        file = made["views"][task]
        labels, classes, rows = file["labels"], len(file["head"]), np.arange(len(file["labels"]))
        p = {share: by_hand(np.float64(file[share]), np.float64(file["head"])) for share in ("0.0", "0.3", "0.5", "0.7", "1.0")}
        right = {share: (values.argmax(1) == labels).mean() for share, values in p.items()}
        sure = {share: np.log(values[rows, labels].mean() + 1e-3) for share, values in p.items()}
        for share in ("0.0", "0.3", "0.5", "0.7"):
            wanted = (right[share] + 1 / classes) / (right["1.0"] + 1 / classes)
            assert found["scaling"][share][place] == pytest.approx(wanted, rel=1e-12)
            same = (p[share].argmax(1) == p["1.0"].argmax(1)).mean()
            assert found["scaling_agreement"][share][place] == pytest.approx(same, rel=1e-12)
            assert found["scaling_confidence"][share][place] == pytest.approx(sure[share] - sure["1.0"], rel=1e-9)
        rest = np.where(np.arange(classes) == labels[:, None], -1.0, p["0.5"]).max(axis=1)
        margin = p["0.5"][rows, labels] - rest
        for name, level in (("margin_10", 10), ("margin_50", 50)):
            assert found["scaling_confidence"][name][place] == pytest.approx(np.percentile(margin, level), abs=1e-12)
    assert sorted(found["scaling"]) == ["0.0", "0.3", "0.5", "0.7"]


def test_additive_and_harm_are_a_merge_in_feature_space(setting, made):
    additive, harm = (compute(name)(grid_of(setting, made, name)) for name in ("additive", "harm"))
    for a, kept in enumerate(TASKS):
        file = made["views"][kept]
        labels, rows, classes = file["labels"], np.arange(len(file["labels"])), len(file["head"])
        whole, half = (by_hand(np.float64(file[share]), np.float64(file["head"])) for share in ("1.0", "0.5"))
        for b, other in enumerate(TASKS):
            if a == b:
                assert all(np.isnan(array[a, b]) for array in (*additive.values(), *harm.values()))
                continue
            summed = np.float64(file["0.5"]) + made["cross_views"][other][kept] - file["0.0"]
            p = by_hand(summed, np.float64(file["head"]))
            right, before = ((values.argmax(1) == labels).mean() for values in (p, whole))
            assert additive["ratio"][a, b] == pytest.approx((right + 1 / classes) / (before + 1 / classes), rel=1e-9)
            sure, full, halved = (np.log(values[rows, labels].mean() + 1e-3) for values in (p, whole, half))
            assert additive["log_ratio"][a, b] == pytest.approx(sure - full, abs=1e-6)
            assert harm["log_ratio"][a, b] == pytest.approx(sure - halved, abs=1e-6)


def test_a_checkpoint_that_did_not_move_harms_nobody_and_keeps_all(setting):
    base, models, rows = setting
    still = (base, models | {"one": {key: base[key] for key in base}}, rows)
    made = every(still)
    harm = compute("harm")(grid_of(still, made, "harm"))["log_ratio"]
    np.testing.assert_allclose(harm[1:, 0], 0.0, atol=1e-5)
    scaling = compute("scaling")(grid_of(still, made, "scaling"))
    assert [values[0] for values in scaling.values()] == [1.0] * 4
    assert compute("length")(checkpoint(still, "length", "one"))["whole"] < -40, "no length, and its logarithm is finite"


def test_noise_moves_each_tensor_by_the_mean_half_length_of_the_library(setting, made):
    base, models, _ = setting
    lengths = noise._lengths(grid_of(setting, made, "noise"))
    for key in base:
        assert lengths[key] == pytest.approx(np.mean([(models[task][key] - base[key]).norm() / 2 for task in TASKS]), rel=1e-5)
    moved = noise.displaced({key: base[key] for key in base}, lengths, seed=3)
    for key in base:
        assert (moved[key] - base[key]).norm() == pytest.approx(lengths[key], rel=1e-3)
    other = noise.displaced({key: base[key] for key in base}, lengths, seed=4)
    assert any(not torch.equal(moved[key], other[key]) for key in base)


def test_noise_is_the_mean_over_draws_of_what_the_displaced_models_reach(setting, made):
    base, models, _ = setting
    source = grid_of(setting, made, "noise")
    found, lengths = compute("noise")(source), noise._lengths(source)
    images, head = _images.shown(source)["two"]
    ratios, whole = [], by_hand(np.float64(made["views"]["two"]["1.0"]), head.double().numpy())
    for draw in range(noise.DRAWS):
        half = {key: (base[key] + models["two"][key]) / 2 for key in base}
        network = encoders.open_encoder(base).load(noise.displaced(half, lengths, seed=seed_for("noise", "two", draw, seed=0)))
        with torch.inference_mode():
            p = by_hand(network(network.preprocess(images.images)).double().numpy(), head.double().numpy())
        right, before = ((values.argmax(1) == images.labels).mean() for values in (p, whole))
        ratios.append((right + 1 / len(head)) / (before + 1 / len(head)))
    assert found["ratio"][1] == pytest.approx(np.mean(ratios), rel=1e-6)


def test_length_is_the_norm_of_the_task_vector_and_of_the_quarters_of_its_depth(setting):
    base, models, _ = setting
    found = length.compute(checkpoint(setting, "length", "two"))
    moved = {key: (models["two"][key] - base[key]).double() for key in base}
    assert found["whole"] == pytest.approx(np.log(np.sqrt(sum(float((t**2).sum()) for t in moved.values()))), rel=1e-9)
    blocks = sorted({key.split("resblocks.")[1].split(".")[0] for key in base if "resblocks." in key}, key=int)
    first = blocks[: max(1, len(blocks) // 4)]
    squares = sum(float((t**2).sum()) for key, t in moved.items() if any(f"resblocks.{block}." in key for block in first))
    assert found["quarter_1"] == pytest.approx(np.log(np.sqrt(squares)), rel=1e-9)


@given(st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_quarters_hold_every_block_in_order(blocks):
    parts = length.quarters(blocks)
    assert len(parts) == 4 and all(len(part) for part in parts)
    assert sorted({block for part in parts for block in part}) == list(range(blocks))
    assert [part[0] for part in parts] == sorted(part[0] for part in parts)
    if blocks % 4 == 0:
        assert [len(part) for part in parts] == [blocks // 4] * 4


def test_images_are_asked_for_by_the_key_that_says_how_many():
    feature = features.find("views")
    row = ("one", "images", "head")
    assert images_of(feature, [row], None, seed=0, most=7).asked_by == "features.images"
    assert not features.calibrated("views") and features.sees_images("scaling")
    assert {name: features.find(name).table for name in ("harm", "additive", "length")} == {
        "harm": "library", "additive": "pairs", "length": "traits"
    }  # fmt: skip
    assert SimpleNamespace(**vars(feature)).split == "val"


def test_the_jvp_is_the_derivative_along_the_others_task_vector(setting, made):
    """Against central differences, and through its numbers: what is left where both displacements act to first order."""
    base, models, _ = setting
    images, head = _images.shown(checkpoint(setting, "cross_views", "one"))["two"]
    network = encoders.open_encoder(base).eval()
    found = jvp.first_order(network, base, models["two"], models["one"], images, batch_size=7)

    def at(step):
        moved = {key: (base[key] + models["two"][key]) / 2 + step * (models["one"][key] - base[key]) / 2 for key in base}
        with torch.inference_mode():
            return encoders.open_encoder(base).load(moved).eval()(network.preprocess(images.images)).double().numpy()

    wanted = at(0.0) + (at(1e-2) - at(-1e-2)) / 2e-2
    np.testing.assert_allclose(found, wanted, atol=3e-3 * np.abs(wanted).max())
    p = by_hand(np.float64(found), head.double().numpy())
    whole = by_hand(np.float64(made["views"]["two"]["1.0"]), head.double().numpy())
    right, before = ((values.argmax(1) == images.labels).mean() for values in (p, whole))
    table = compute("jvp")(grid_of(setting, made, "jvp"))
    assert table["ratio"][1, 0] == pytest.approx((right + 1 / len(head)) / (before + 1 / len(head)), rel=1e-6)
    assert np.isnan(np.diag(table["ratio"])).all()


def test_an_optional_feature_is_in_no_table_unless_it_is_asked_for():
    assert "jvp" in features.optional() and "jvp" not in features.of_table("pairs")
    assert "jvp" in features.of_table("pairs", ["jvp"])
