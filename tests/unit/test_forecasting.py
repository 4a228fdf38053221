"""Forecasts of pairs put to use: plain data, tables, reasons in words, images that a user names."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mergecast import features
from mergecast.errors import MergecastError
from mergecast.forecasting import images, pairs, reasons
from mergecast.forecasting.study import load_study
from mergecast.forecasting.tables import tables, traits_of
from mergecast.prediction import design, fitting
from mergecast.tasks import find, save
from mergecast.tasks.table import COLUMNS
from synthetic import OF_DESIGN
from synthetic import tables as synthetic_tables

METHODS, TARGET = ("tsv", "dare"), "normalised_accuracy"


@cache
def made():
    """A forecaster of seven of eight tasks, the traits of all, and the forecasts of every pair."""
    known = synthetic_tables(tasks=8)
    names = sorted(known["checkpoints"].task)
    merged = known["merges"][(known["merges"].task_a != names[-1]) & (known["merges"].task_b != names[-1])]
    parts = {name: known[name] for name in OF_DESIGN} | {"merges": merged}
    oriented = design.build("traits", METHODS, TARGET, tasks=names[:-1], **parts)
    kept = fitting.fit(oriented, "mixed", [], setting="s", target=TARGET, levels=(0.8,), seed=0)
    traits = traits_of(names, names[:-1], traits=known["traits"], pair_traits=known["pair_traits"], harms=known["library"])
    every = [(a, b) for number, a in enumerate(names) for b in names[number + 1 :]]
    return kept, names, traits, pairs.forecasts(kept, every, traits, {name: name for name in names[:-1]}), oriented


def test_a_pair_is_forecast_in_the_case_that_it_is():
    kept, names, _, found, _ = made()
    for each in found:
        unseen = int(names[-1] in (each["task_a"], each["task_b"]))
        assert each["unseen"] == unseen and each["case"] == ("both tasks seen", "one task unseen")[unseen]
        for m, method in enumerate(METHODS):
            one = each["methods"][method]
            assert one["forecast"] == pytest.approx(np.mean(one["kept"])) and one["baseline"] == kept.arrays["level"][m]
            assert (one["measured"] is None) == bool(unseen)


def test_a_measured_pair_is_forecast_by_a_model_that_has_not_seen_it_and_shows_what_was_measured():
    kept, _, _, found, oriented = made()
    rows = {pair: number for number, pair in enumerate(oriented.pairs)}
    for each in (each for each in found if not each["unseen"]):
        row = rows[each["task_a"], each["task_b"]]
        one = each["methods"]["tsv"]
        assert one["kept"][0] == kept.arrays["left_out"][row, 0]
        both = oriented.Y[[row, rows[each["task_b"], each["task_a"]]], 0]
        assert one["measured"] == pytest.approx(both.mean(), abs=1e-15)


def test_another_order_of_two_checkpoints_is_the_same_forecast():
    kept, names, traits, found, _ = made()
    known = {name: name for name in names[:-1]}
    for each in found:
        (turned,) = pairs.forecasts(kept, [(each["task_b"], each["task_a"])], traits, known)
        for method in METHODS:
            one, other = each["methods"][method], turned["methods"][method]
            assert one["forecast"] == pytest.approx(other["forecast"], abs=1e-12)
            assert one["kept"] == pytest.approx(other["kept"][::-1], abs=1e-12)
            assert {reason["reason"] for reason in one["reasons"]} == {reason["reason"] for reason in other["reasons"]}


def test_neighbours_are_other_measured_pairs_nearest_first():
    _, names, _, found, _ = made()
    for each in found:
        near = each["neighbours"]
        assert len(near) == 3 and [one["distance"] for one in near] == sorted(one["distance"] for one in near)
        assert all({one["task_a"], one["task_b"]} != {each["task_a"], each["task_b"]} for one in near)
        assert all(names[-1] not in (one["task_a"], one["task_b"]) for one in near)


def test_tables_say_the_same_as_the_plain_data():
    kept, _, _, found, _ = made()
    frames = tables(found, kept.about["levels"], "mixed")
    table = frames["forecasts"].set_index(["task_a", "task_b", "method"])
    assert len(table) == 28 * 2 and (table.forecaster == "mixed").all()
    for each in found:
        for method, one in each["methods"].items():
            row = table.loc[each["task_a"], each["task_b"], method]
            assert row.forecast == one["forecast"] and [row.kept_a, row.kept_b] == one["kept"]
            assert [row["low_0.8"], row["high_0.8"]] == (one["interval"]["0.8"] or [pytest.approx(np.nan, nan_ok=True)] * 2)
            assert (row.measured == one["measured"]) or np.isnan(row.measured)
    assert frames["forecast_reasons"].groupby(["task_a", "task_b", "method"]).size().eq(3).all()
    assert frames["neighbours"].groupby(["task_a", "task_b"]).size().eq(3).all()


# reasons


def test_reasons_are_the_largest_contributions_in_words():
    _, names, _, found, _ = made()
    for each in found:
        for one in each["methods"].values():
            sizes = [abs(reason["contribution"]) for reason in one["reasons"]]
            assert sizes == sorted(sizes, reverse=True) and len({reason["reason"] for reason in one["reasons"]}) == 3
            for reason in one["reasons"]:
                assert any(name in reason["reason"] for name in (each["task_a"], each["task_b"])), reason
                assert "{" not in reason["reason"]


def test_reasons_without_effects_of_tasks_add_up_to_the_forecast(monkeypatch):
    monkeypatch.setattr(reasons, "SHOWN", 99)
    _, names, traits, _, oriented = made()
    kept = fitting.fit(oriented, "directed_ridge", [], setting="s", target=TARGET, levels=(0.8,), seed=0)
    (found,) = pairs.forecasts(kept, [(names[0], names[-1])], traits, {})
    typical = kept.predict(kept.arrays["typical"][None], 2)[0]
    for m, method in enumerate(METHODS):
        one = found["methods"][method]
        told = sum(reason["contribution"] for reason in one["reasons"])
        assert told == pytest.approx(one["forecast"] - typical[m], abs=1e-12)


def test_harm_is_the_mean_over_the_library_and_no_other_task():
    known, (_, names, traits, _, _) = synthetic_tables(tasks=8), made()
    harm = known["library"].set_index(["kept", "other"])["harm_log_ratio"]
    for name in names:
        mean = np.mean([harm[c, name] for c in names[:-1] if c != name])
        assert traits.harms[name]["harm_log_ratio"] == pytest.approx(mean)


def test_a_checkpoint_that_was_never_merged_has_no_effect_among_its_reasons():
    _, names, _, found, _ = made()
    told = [reason["reason"] for each in found for one in each["methods"].values() for reason in one["reasons"]]
    assert any("where it was merged" in reason for reason in told)
    assert not any(reason.startswith(names[-1]) and "where it was merged" in reason for reason in told)


@pytest.mark.parametrize("name", [name for name in features.names() if features.find(name).table])
def test_the_words_of_a_feature_take_what_they_are_given(name):
    from mergecast import catalogue

    said = catalogue.literal(features.WING, name, "REASON")
    given = {"task": "cars", "other": "dtd", "array": "0.5", "value": 0.5, "typical": 0.6, "factor": 1.2, "typical_factor": 1.1}
    for template in said.values() if isinstance(said, dict) else [said] if said else []:
        assert "cars" in template.format(**given)


def test_a_covariate_beyond_the_range_of_the_study_is_said_once_with_its_range():
    kept, names, traits, _, _ = made()
    wild = {name: dict(values) for name, values in traits.one.items()}
    wild[names[0]]["scaling_0.5"] = 40.0
    changed = pairs.Traits(wild, traits.harms, traits.two)
    (found,) = pairs.forecasts(kept, [(names[0], names[1])], changed, {})
    (line,) = found["outside"]
    assert line.startswith(f"scaling_0.5 of {names[0]} is 40, outside the range of the study")


# images that a user names


def row(**cells):
    return dict.fromkeys(COLUMNS, "") | {"task": "birds", "source": "npz"} | cells


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "train_images": rng.integers(0, 256, (40, 20, 24, 3), dtype=np.uint8),
        "train_labels": np.arange(40) % 2,
        "test_images": rng.integers(0, 256, (10, 20, 24, 3), dtype=np.uint8),
        "test_labels": np.arange(10) % 2,
        "class_names": np.array(["robin", "wren"]),
    }


def test_of_a_whole_task_the_images_held_back_from_training_are_taken(tmp_path, arrays):
    np.savez(tmp_path / "birds.npz", **arrays)
    task = find(row(path=str(tmp_path / "birds.npz")), size=32, seed=3)
    save(tmp_path / "birds.safetensors", task)
    shown = images.of_path("birds", tmp_path / "birds.npz", size=32, most=3, seed=3)
    study = images.of_study(tmp_path / "birds.safetensors", most=3, seed=3)
    np.testing.assert_array_equal(shown.split.images, study.split.images)
    np.testing.assert_array_equal(shown.split.labels, study.split.labels)
    assert shown.class_names == study.class_names == ("robin", "wren") and len(shown.split) == 3


def test_a_file_of_nothing_but_images_is_taken_whole(tmp_path, arrays):
    flat = {"images": arrays["test_images"], "labels": arrays["test_labels"], "class_names": arrays["class_names"]}
    np.savez(tmp_path / "birds.npz", **flat)
    shown = images.of_path("birds", tmp_path / "birds.npz", size=32, most=200, seed=0)
    assert shown.split.images.shape == (10, 32, 32, 3) and shown.split.labels.tolist() == flat["labels"].tolist()
    assert len(images.of_path("birds", tmp_path / "birds.npz", size=32, most=4, seed=0).split) == 4


def folders(folder, parts):
    rng = np.random.default_rng(0)
    for part in parts:
        for name in ("robin", "wren"):
            (folder / part / name).mkdir(parents=True)
            for number in range(10):
                picture = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
                Image.fromarray(picture).save(folder / part / name / f"{number}.png")
    return folder


def test_a_folder_of_classes_is_taken_whole_and_one_with_train_in_part(tmp_path):
    whole = images.of_path("birds", folders(tmp_path / "flat", ["."]), size=32, most=200, seed=0)
    assert len(whole.split) == 20 and whole.class_names == ("robin", "wren")
    part = images.of_path("birds", folders(tmp_path / "parts", ["train", "test"]), size=32, most=200, seed=0)
    assert len(part.split) == 2


def test_a_folder_that_datasets_wrote_is_read(tmp_path):
    datasets = pytest.importorskip("datasets")
    labels = datasets.ClassLabel(names=["robin", "wren"])
    form = datasets.Features({"image": datasets.Image(), "label": labels})
    pictures = [Image.fromarray(np.full((20, 24, 3), number, dtype=np.uint8)) for number in range(20)]
    part = datasets.Dataset.from_dict({"image": pictures, "label": [number % 2 for number in range(20)]}, features=form)
    datasets.DatasetDict({"train": part, "test": part}).save_to_disk(tmp_path / "birds")
    assert len(images.of_path("birds", tmp_path / "birds", size=32, most=200, seed=0).split) == 2


def spoilt(**changes):
    def write(folder, arrays):
        flat = {"images": arrays["test_images"], "labels": arrays["test_labels"], "class_names": arrays["class_names"]}
        np.savez(folder / "x.npz", **(flat | changes))
        return folder / "x.npz"

    return write


def text(folder, arrays):
    (folder / "x.npz").write_text("no archive")
    return folder / "x.npz"


BAD = {
    "nothing there": (lambda folder, arrays: folder / "x.npz", "no such file or folder; check the path"),
    "no archive": (text, "is not a whole .npz file"),
    "another ending": (lambda folder, arrays: (folder / "x.png").touch() or folder / "x.png", "is no .npz file; give one"),
    "floats": (spoilt(images=np.zeros((10, 4, 4, 3))), "images are float64 (10, 4, 4, 3); give uint8"),
    "four channels": (spoilt(images=np.zeros((10, 4, 4, 4), dtype=np.uint8)), "give uint8, N×H×W or N×H×W×3"),
    "too few labels": (spoilt(labels=np.zeros(9, dtype=int)), "labels are int64 (9,); give a whole number for each image"),
    "a label too many": (spoilt(labels=np.full(10, 2)), "has label 2, but there are 2 classes"),
    "one class": (spoilt(class_names=np.array(["robin"])), "has 1 class; a task needs two or more"),
    "no images": (
        spoilt(images=np.zeros((0, 4, 4, 3), dtype=np.uint8), labels=np.zeros(0, dtype=int)),
        "is empty; give at least one image"),
    "other arrays": (
        lambda folder, arrays: np.savez(folder / "x.npz", pictures=np.zeros(3)) or folder / "x.npz",
        "has no array 'train_images'"),
    "an empty folder": (lambda folder, arrays: folder, "task birds: "),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_images_that_cannot_be_taken_are_one_line(tmp_path, arrays, fault):
    make, message = BAD[fault]
    with pytest.raises(MergecastError) as error:
        images.of_path("birds", make(tmp_path, arrays), size=32, most=200, seed=0)
    assert message in str(error.value) and "\n" not in str(error.value)


# measuring


def test_a_tower_in_bfloat16_takes_and_gives_what_it_did_and_sees_nearly_the_same():
    import torch

    from mergecast.features._views import embedded
    from mergecast.forecasting.measure import halve
    from mergecast.models import encoders
    from mergecast.tasks import Split

    encoder = encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip").visual).eval()
    state = encoder.state()
    pictures = np.random.default_rng(0).integers(0, 256, (12, encoder.size, encoder.size, 3), dtype=np.uint8)
    split = Split(pictures, np.zeros(12, dtype=int))
    whole = embedded(encoder, split)
    halve(encoder)
    half = embedded(encoder.load(state), split)
    assert half.dtype == whole.dtype == torch.float32 and not torch.equal(half, whole)
    assert float((half * whole).sum(dim=1).min()) > 0.999


# a study


def test_a_folder_that_is_no_study_is_one_line_that_names_its_settings(tmp_path):
    with pytest.raises(MergecastError, match="no such folder"):
        load_study(tmp_path / "nowhere")
    with pytest.raises(MergecastError, match="holds no tables; give the results of a setting"):
        load_study(tmp_path)
    (tmp_path / "tiny/tables").mkdir(parents=True)
    with pytest.raises(MergecastError, match=r"give one of its settings: .*/tiny$"):
        load_study(tmp_path)
    study = load_study(tmp_path / "tiny")
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "tiny/tables/merges.csv", index=False)
    assert study.name == "tiny" and {*study.tables} == {"merges"} and study.table("merges").a.tolist() == [1]
    with pytest.raises(MergecastError, match="unknown table 'merge'; did you mean 'merges'"):
        study.table("merge")
    with pytest.raises(MergecastError, match="unknown forecaster 'image'; did you mean 'images'"):
        study.forecaster("image")
    with pytest.raises(MergecastError, match=r"images.json: no such file; make the forecaster"):
        study.forecaster()


def test_reasons_know_the_owner_of_a_covariate():
    assert reasons.owner("scaling_confidence_margin_10") == ("scaling_confidence", "margin_10")
    assert reasons.owner("nothing_here") == ("", "nothing_here")
