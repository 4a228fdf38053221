"""Pairs that are forecast and not merged: six small tasks of which ten pairs are merged, and a setting that merges none."""

import json
import shutil
from copy import deepcopy

import numpy as np
import pandas
import pytest
import torch
from safetensors.torch import load_file, save_file

import grid as small
import mergecast
from mergecast import cli
from mergecast.errors import MergecastError
from mergecast.grid.informative import informative
from mergecast.prediction import forecaster

TASKS = small.TASKS | {name: ("procedural", f"figure={name} train=120 test=60") for name in ("colours", "counts")}
RECIPE = small.SMALL["settings"]["tiny"]
CONFIG = deepcopy(small.SMALL) | {
    "metrics": ["task_vector_cosine_similarity"],
    "predictors": ["mixed", "weights", "ridge"],
    "targets": ["normalised_accuracy"],
    "splits": {"loto": {"permutations": 3}, "l2to": {"permutations": 3}},
    "subsets": None,
    "analysis": {"predictor": "ridge", "calibration_sizes": []},
    "features": {"images": 8},
    "tile": {"merges": 1, "metrics": 1000, "features": 6},
    "settings": {
        "tiny": RECIPE | {"measure": {"pairs": 10}},
        "other": RECIPE | {"measure": "none", "forecaster": "tiny", "seed": 1, "tasks": ["shapes", "letters", "lines"]},
    },
}
CHOSEN = informative(list(TASKS), 10, seed=0)
METHODS = small.METHODS
KEPT = ("forecaster/images.json", "forecaster/weights.json")


@pytest.fixture(scope="module")
def study(root, tmp_path_factory):
    grid = small.Grid.new(root, tmp_path_factory.mktemp("forecasts") / "grid", CONFIG, TASKS)
    made = ["tables/metrics.csv", "tables/scores.csv", "tables/forecasts.csv", *KEPT]
    grid.run(*(f"results/tiny/{path}" for path in made), "results/other/tables/forecasts.csv")
    return grid


def table(study, name, setting="tiny"):
    return pandas.read_csv(study.results / setting / f"tables/{name}.csv")


def names(folder):
    return {tuple(path.stem.split("__")) for path in folder.glob("*.json")}


def test_the_pairs_that_teach_most_are_merged_and_all_are_forecast(study):
    for method in METHODS:
        assert names(study.setting / f"merges/{method}") == {*CHOSEN}
        assert len(names(study.setting / f"forecasts/{method}")) == 15
    rows = table(study, "forecasts")
    measured = rows[rows.measured.notna()]
    assert len(rows) == 2 * 15 and {*zip(measured.task_a, measured.task_b, strict=True)} == {*CHOSEN}
    assert rows[["forecast", "kept_a", "kept_b", "baseline", "low_0.8", "high_0.8"]].notna().all(axis=None)
    np.testing.assert_allclose(rows.forecast, (rows.kept_a + rows.kept_b) / 2)


def test_a_pair_has_a_file_with_its_interval_reasons_and_neighbours(study):
    rows = table(study, "forecasts").set_index(["task_a", "task_b", "method"])
    for a, b in names(study.setting / "forecasts/dare"):
        one, row = json.loads((study.setting / f"forecasts/dare/{a}__{b}.json").read_text()), rows.loc[a, b, "dare"]
        assert one["forecast"] == row.forecast and one["interval"]["0.8"] == [row["low_0.8"], row["high_0.8"]]
        assert (one["measured"] is None) == np.isnan(row.measured) and one["case"] == "both tasks seen"
        assert len(one["reasons"]) == len(one["neighbours"]) == 3 and [a, b] == one["tasks"]
        assert all({near["task_a"], near["task_b"]} != {a, b} for near in one["neighbours"])


def test_the_measured_value_beside_a_forecast_is_that_of_the_merge(study):
    rows = table(study, "forecasts").query("method == 'dare'").dropna(subset="measured")
    merges = table(study, "merges").query("method == 'dare'").groupby(["task_a", "task_b"]).normalised_accuracy.mean()
    for row in rows.itertuples():
        assert row.measured == pytest.approx(merges[row.task_a, row.task_b], abs=1e-12)


def test_both_forecasters_are_kept(study):
    for kind, predictor in (("images", "mixed"), ("weights", "weights")):
        kept = forecaster.load(study.setting / "forecaster", kind)
        assert kept.about["predictor"] == predictor and len(kept.about["rows"]) == 20
        assert {*kept.about["scores"]} == {*forecaster.CASES.values()}
    assert {*forecaster.load(study.setting / "forecaster", "images").library} == {*TASKS}


def test_where_nothing_is_merged_another_setting_forecasts(study):
    rows = table(study, "forecasts", "other")
    assert len(rows) == 2 * 3 and (rows.unseen == 2).all() and rows.measured.isna().all()
    assert not (study.results / "other/merges").exists() and not (study.results / "other/folds").exists()


def test_more_pairs_merge_these_and_remake_no_feature(study, tmp_path):
    """From ten pairs to all: the five others are merged, tables and forecasts follow, and nothing else."""
    grid = study.copy(tmp_path / "grid")
    config = deepcopy(CONFIG)
    del config["settings"]["tiny"]["measure"]
    grid.write_config(config)
    plan = grid.planned()
    others = {(a, b) for a in TASKS for b in TASKS if list(TASKS).index(a) < list(TASKS).index(b)} - {*CHOSEN}
    merged = {path for path in plan.outputs if "/merges/" in path}
    assert merged == {f"results/tiny/merges/{method}/{a}__{b}.json" for method in METHODS for a, b in others}
    assert not plan.matching("features/|checkpoints/.*safetensors|heads/|metrics/|images/")
    assert plan.matching("tables/forecasts.csv") and plan.matching("forecaster/images.json")


def unmerged(study):
    return [pair for pair in sorted(names(study.setting / "forecasts/dare")) if pair not in CHOSEN]


def files(study, *tasks, setting="tiny"):
    return [study.results / setting / "checkpoints" / f"{task}.safetensors" for task in tasks]


def ask(study, models, **options):
    return mergecast.forecast(study.setting / "base.safetensors", *models, study=study.setting, threads=1, **options)


@pytest.mark.parametrize("number", range(5))
def test_a_pair_that_was_not_merged_is_forecast_from_two_files_as_the_workflow_forecasts_it(study, number):
    a, b = unmerged(study)[number]
    found, rows = ask(study, files(study, a, b)), table(study, "forecasts").set_index(["task_a", "task_b", "method"])
    assert found.data["forecaster"] == "images" and found.warnings == []
    for row in found.table.itertuples():
        assert row.forecast == pytest.approx(rows.loc[a, b, row.method].forecast, abs=1e-6)
        assert row[7] == pytest.approx(rows.loc[a, b, row.method]["low_0.8"], abs=1e-6)


def test_merging_what_was_forecast_falls_inside_its_interval_about_as_often_as_stated(study, tmp_path):
    """Every pair that was left unmerged, merged after all. Of ten values of an 80 % interval five or more must be inside."""
    grid = study.copy(tmp_path / "grid")
    targets = [f"results/tiny/merges/{method}/{a}__{b}.json" for method in METHODS for a, b in unmerged(study)]
    grid.run(*targets)
    rows = table(study, "forecasts").set_index(["task_a", "task_b", "method"])
    inside = []
    for method in METHODS:
        for a, b in unmerged(study):
            made = json.loads((grid.setting / f"merges/{method}/{a}__{b}.json").read_text())
            row = rows.loc[a, b, method]
            inside.append(row["low_0.8"] <= made["normalised_accuracy"] <= row["high_0.8"])
    assert len(inside) == 10 and sum(inside) >= 5


def test_a_checkpoint_of_the_study_is_known_under_any_name_and_does_itself_no_harm(study, tmp_path):
    a, b = unmerged(study)[0]
    renamed = shutil.copy(files(study, a)[0], tmp_path / "renamed.safetensors")
    told = []
    found = ask(study, [renamed, *files(study, b)], progress=lambda done, total: told.append((done, total)))
    rows = table(study, "forecasts").set_index(["task_a", "task_b", "method"])
    for row in found.table.itertuples():
        assert row.forecast == pytest.approx(rows.loc[a, b, row.method].forecast, abs=1e-6)
    assert found.data["checkpoints"]["renamed"]["known"] == a and told[-1][0] == told[-1][1], "the bar ends at its end"


def test_a_checkpoint_of_another_recipe_is_a_task_never_seen(study):
    found = ask(study, files(study, "shapes", "letters", setting="other"))
    assert (found.table.unseen == 2).all() and len(found.warnings) == 2
    assert all("is called like a task of the study and is another checkpoint" in line for line in found.warnings)


def test_three_checkpoints_are_forecast_by_pairs_and_together(study):
    found = ask(study, files(study, "shapes", "lines", "digits"))
    assert len(found.table) == 3 * len(METHODS)
    mean = found.table.groupby("method").forecast.mean()
    for method, group in found.data["group"].items():
        assert group["forecast"] == pytest.approx(mean[method]) and {*group["kept"]} == {"shapes", "lines", "digits"}


def test_without_images_weights_alone_answer_and_say_so(study, tmp_path):
    new = shutil.copy(files(study, "shapes", setting="other")[0], tmp_path / "novel.safetensors")
    found = ask(study, [new, *files(study, "digits")])
    assert found.data["forecaster"] == "weights" and found.data["images_looked_at"] == 0
    assert found.warnings == ["novel: has no images, so weights alone are looked at; add --task novel=IMAGES"]
    assert (found.table.unseen == 1).all()


def test_images_of_a_new_task_come_from_a_file_and_its_head_from_names_or_a_file(study, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "novel.npz",
        images=rng.integers(0, 256, (12, 40, 40, 3), dtype=np.uint8),
        labels=np.arange(12) % 3,
        class_names=np.array(["robin", "wren", "crow"]),
    )
    new = shutil.copy(files(study, "shapes", setting="other")[0], tmp_path / "novel.safetensors")
    models, given = [new, *files(study, "digits")], {"novel": tmp_path / "novel.npz"}
    named = ask(study, models, images=given)
    assert named.data["forecaster"] == "images" and named.data["checkpoints"]["novel"]["images"] == 8
    width = load_file(study.setting / "heads/digits.safetensors")["weight"].shape[1]
    save_file({"weight": torch.zeros(3, width)}, tmp_path / "head.safetensors")
    headed = ask(study, models, images=given, heads={"novel": tmp_path / "head.safetensors"})
    assert not headed.table.forecast.equals(named.table.forecast)


def test_another_base_is_a_warning_and_another_architecture_leaves_weights_alone(study, tmp_path):
    moved = {name: tensor * 1.01 for name, tensor in load_file(study.setting / "base.safetensors").items()}
    save_file(moved, tmp_path / "base.safetensors")
    models = []
    for path in files(study, "shapes", "digits"):
        save_file(load_file(path), tmp_path / path.name)  # without the header that names its base
        models.append(tmp_path / path.name)
    found = mergecast.forecast(tmp_path / "base.safetensors", *models, study=study.setting, threads=1)
    assert (found.table.unseen == 2).all() and found.data["forecaster"] == "images"
    assert "is another base than the study's" in found.warnings[0]


def test_the_command_prints_what_the_library_says_and_json_for_machines(study, capsys):
    a, b = unmerged(study)[0]
    arguments = ["forecast", study.setting / "base.safetensors", *files(study, a, b), "--study", study.setting]
    assert run(*arguments)[0] == 0
    shown = capsys.readouterr().out
    assert f"{a} + {b}: both tasks seen" in shown and "How far to trust it: over 10 such forecasts" in shown
    assert all(method in shown for method in METHODS) and "80% interval" in shown and "Nearest measured pairs" in shown
    assert run(*arguments, "--json")[0] == 0
    found = json.loads(capsys.readouterr().out)
    assert {*found["pairs"][0]["methods"]} == {*METHODS} and found["checkpoints"][a]["known"] == a


def merged(study, models, said, output, method, **options):
    options = {"output": output, "forecast": said} | options
    return mergecast.merge(method, study.setting / "base.safetensors", models, **options)


def test_the_card_of_a_merge_says_its_forecast_beside_what_was_measured(study, tmp_path):
    for number, (pair, told) in enumerate(((CHOSEN[0], True), (unmerged(study)[0], False))):
        models = files(study, *pair)
        found = ask(study, models).data
        said = tmp_path / f"{number}.json"
        said.write_text(json.dumps(found))
        each = found["pairs"][0]["methods"]["dare"]
        merged(study, [f"x={models[0]}", models[1]], said, tmp_path / f"{number}", "dare")
        card = (tmp_path / f"{number}/README.md").read_text()
        value = f"{each['measured']:.3f}" if told else "not measured"
        low, high = each["interval"]["0.8"]
        assert f"| mean | {each['forecast']:.3f} | {low:.3f} to {high:.3f} | {value} |" in card
        assert f"| x | {each['kept'][0]:.3f} | | |" in card and "fitted on the study `tiny`" in card
        assert ("by a model that has not seen it" in card) == told and str(tmp_path) not in card


def test_the_card_of_three_says_what_their_pairs_say(study, tmp_path):
    models = files(study, "digits", "shapes", "letters")
    found = ask(study, models).data
    (tmp_path / "said.json").write_text(json.dumps(found))
    merged(study, models, tmp_path / "said.json", tmp_path / "out", "dare")
    assert f"| mean | {found['group']['dare']['forecast']:.3f} | " in (tmp_path / "out/README.md").read_text()


# What is given instead of the forecast of the pair, and what the one line must say.
NOT_SAID = {
    "no JSON": (lambda found: "{", {}, "said.json: cannot be read as JSON"),
    "something else": (lambda found: json.dumps({"pairs": []}), {}, "said.json: lacks the key 'study'"),
    "other models": (
        lambda found: json.dumps(found | {"checkpoints": {}}),
        {},
        "said.json: says nothing of {}, {}; give what `mergecast forecast --json` printed",
    ),
    "another base": (
        lambda found: json.dumps(found | {"base_sha256": "0"}),
        {},
        "said.json: is a forecast of models of another",
    ),
    "another method": (json.dumps, {"method": "iso_c"}, "said.json: says nothing of iso_c, which its study did not merge by"),
    "other parameters": (json.dumps, {"parameters": {"drop": 0.1}}, 'is of dare by {{"drop": 0.9'),
    "no folder": (json.dumps, {"output": "out.safetensors"}, "is said on the card of a folder"),
}


@pytest.fixture(scope="module")
def asked(study):
    return ask(study, files(study, *CHOSEN[0])).data


@pytest.mark.parametrize("fault", NOT_SAID)
def test_a_forecast_of_something_else_is_not_put_on_a_card(fault, study, asked, tmp_path):
    written, options, words = NOT_SAID[fault]
    models = files(study, *CHOSEN[0])
    (tmp_path / "said.json").write_text(written(asked))
    output = tmp_path / options.get("output", "out")
    with pytest.raises(MergecastError) as raised:
        given = {"method": "dare", "parameters": None} | options | {"output": output}
        mergecast.merge(
            given.pop("method"), study.setting / "base.safetensors", models, forecast=tmp_path / "said.json", **given
        )
    assert words.format(*CHOSEN[0]) in str(raised.value) and "\n" not in str(raised.value) and not output.exists()


def run(*arguments):
    try:
        cli.main([str(argument) for argument in arguments])
    except SystemExit as end:
        return (end.code or 0,)
    return (0,)


def damaged(study, folder):
    path = folder / "digits.safetensors"
    path.write_bytes(files(study, "digits")[0].read_bytes()[:500])
    return path


def small_head(study, folder):
    save_file({"weight": torch.zeros(3, 7)}, folder / "head.safetensors")
    return folder / "head.safetensors"


# Each: arguments after `forecast`, as (base, models, options), and the line that they end in.
BASE, PAIR = "base.safetensors", ("shapes", "digits")
BAD = {
    "one checkpoint": (lambda s, d: [s.setting / BASE, *files(s, "shapes")], "1 checkpoint is given; name two or more"),
    "the same twice": (lambda s, d: [s.setting / BASE, *files(s, "shapes", "shapes")], "is given twice; give"),
    "a copy": (
        lambda s, d: [s.setting / BASE, *files(s, "shapes"), shutil.copy(files(s, "shapes")[0], d / "copy.safetensors")],
        "are the same checkpoint; give each once"),
    "no such file": (lambda s, d: [s.setting / BASE, *files(s, "shapes", "nothing")], "nothing.safetensors: no such file"),
    "no such base": (lambda s, d: [d / BASE, *files(s, *PAIR)], "base.safetensors: no such file"),
    "a damaged checkpoint": (lambda s, d: [s.setting / BASE, *files(s, "shapes"), damaged(s, d)], "digits.safetensors: "),
    "an odd name": (
        lambda s, d: [s.setting / BASE, *files(s, "shapes"), shutil.copy(files(s, "digits")[0], d / "a b.safetensors")],
        "'a b' cannot name a task"),
    "a checkpoint for a base": (lambda s, d: [*files(s, "lines"), *files(s, *PAIR)], "was fine-tuned from another base"),
    "no such study": (lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--study", d / "x"], "no such folder"),
    "no study": (lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--study", d], "holds no tables"),
    "all results": (lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--study", s.results], "give one of its settings"),
    "a study without a forecaster": (
        lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--study", s.results / "other"], "make the forecaster of the study"),
    "images of nobody": (
        lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--task", "cars=x.npz"], "there is no checkpoint of that name"),
    "no path": (lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--task", "shapes"], "must be NAME=PATH"),
    "an empty path": (lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--task", "shapes="], "must be NAME=PATH"),
    "images twice": (
        lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--task", "shapes=a", "--task", "shapes=b"], "'shapes' is set twice"),
    "images that are not there": (
        lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--task", f"shapes={d}/x.npz"], "no such file or folder"),
    "a head of nobody": (
        lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--head", "cars=x"], "there is no checkpoint of that name"),
    "a head of three classes": (
        lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--head", f"digits={small_head(s, d)}"], "has shape (3, 7), but the"),
    "no head": (
        lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--head", f"digits={files(s, 'digits')[0]}"], "no tensor 'weight'"),
    "an unknown device": (lambda s, d: [s.setting / BASE, *files(s, *PAIR), "--device", "tpu"], "device: 'tpu' is unknown"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_what_cannot_be_forecast_is_one_line(study, tmp_path, capsys, fault):
    make, message = BAD[fault]
    arguments = make(study, tmp_path)
    where = [] if "--study" in arguments else ["--study", study.setting]
    assert run("forecast", *arguments, *where) == (1,)
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("mergecast: error: ") and err.count("\n") == 1 and message in err


def spoilt(study, folder, change):
    copied = shutil.copytree(study.results, folder / "results") / "tiny"
    change(copied)
    return copied


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


SPOILT = {
    "features of other code": (
        lambda s: edit(s / "forecaster/images.json", '"harm": "', '"harm": "0'), "feature 'harm' was computed by other code"),
    "other numbers": (
        lambda s: shutil.copy(s / "forecaster/weights.safetensors", s / "forecaster/images.safetensors"),
        "does not hold the numbers"),
    "an older format": (
        lambda s: edit(s / "forecaster/images.json", '"format": 1', '"format": 9'), "has format 9, and this version reads 1"),
    "a library without its images": (
        lambda s: (s.parent / "images/32px/counts.safetensors").unlink(), "counts.safetensors: "),
    "no text tower": (lambda s: shutil.rmtree(s.parent / "bases"), "clip.safetensors: no such file"),
}  # fmt: skip


@pytest.mark.parametrize("fault", SPOILT)
def test_a_study_that_cannot_answer_says_why_in_one_line(study, tmp_path, capsys, fault):
    change, message = SPOILT[fault]
    folder = spoilt(study, tmp_path, change)
    assert run("forecast", folder / BASE, *files(study, *PAIR), "--study", folder) == (1,)
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("mergecast: error: ") and err.count("\n") == 1 and message in err


def test_a_study_is_opened_as_tables_and_forecasters(study):
    opened = mergecast.load_study(study.setting)
    assert opened.name == "tiny" and len(opened.tables["forecasts"]) == 30
    assert opened.forecaster("weights").about["predictor"] == "weights"
    planned = mergecast.plan(opened, 3)
    assert len(planned.table) == 3 and planned.best == pytest.approx(table(study, "forecasts").measured.max())
    assert {frozenset(pair) for pair in planned.table.tasks} <= {frozenset(pair) for pair in unmerged(study)}


def test_one_more_pair_can_be_merged_to_look_at(study):
    a, b = next(pair for pair in names(study.setting / "forecasts/dare") if pair not in CHOSEN)
    assert f"results/tiny/merges/dare/{a}__{b}.json" in study.planned(f"results/tiny/merges/dare/{a}__{b}.json").outputs
