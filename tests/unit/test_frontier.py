"""What a forecast costs beside measuring, what little measuring says, and the pair's own part."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

import synthetic
from mergecast import tables
from mergecast.analysis.frontier import _costs, _peeks, figure, section, table
from mergecast.analysis.interaction import table as interaction
from mergecast.files import pack_bits
from mergecast.tables.setting import Setting

METHODS = ("tsv", "ties")


@pytest.fixture(scope="module")
def made():
    """Every table of a setting of eight made-up tasks, and what its jobs took."""
    parts = synthetic.tables(tasks=8, methods=METHODS)
    return parts | {"timings": timings()}


def timings(job=2.0, checkpoint=0.1, merge=0.25, forward=0.002):
    """Jobs that took what they should."""
    random, rows = np.random.default_rng(0), []
    for kind, checkpoints, merges, forwards in (
        ("evaluation", 1, 0, 600), ("feature", 1, 0, 1000), ("feature", 1, 0, 1400), ("feature", 8, 0, 6400),
        *(("merge", n + 1, n, 600 * n) for n in range(1, 8)), ("feature", 8, 0, 0),
    ):  # fmt: skip
        seconds = job + checkpoint * checkpoints + merge * merges + forward * forwards
        rows.append((kind, "name", checkpoints, merges, forwards, 0.5 if not forwards else seconds))
    random.shuffle(rows)
    return pd.DataFrame(rows, columns=tables.measured.TIMINGS)


def test_unit_costs_are_those_that_the_jobs_were_made_of():
    """Exactly, where the seconds are a sum of them; jobs without any model, which start faster, are left out."""
    found = _costs.unit_costs(timings())
    assert found == pytest.approx({"job": 2.0, "checkpoint": 0.1, "merge": 0.25, "forward": 0.002}, rel=1e-6)


def test_costs_of_options_are_counted():
    option = _costs.Option("all", own=5, cross=1)
    assert option.merges(20, 8) == 0 and option.forwards(20, 8, 200, 1000) == 20 * 200 * (5 + 19)
    peek = _costs.Option("peek", peek=50)
    assert peek.merges(20, 8) == 190 * 8 and peek.forwards(20, 8, 200, 1000) == 190 * 8 * 2 * 50
    anchors = _costs.Option("anchors", anchors=3)
    assert anchors.merges(20, 8) == 20 * 3 * 8 and anchors.forwards(20, 8, 200, 1000) == 20 * 3 * 8 * 2 * 1000
    assert _costs.Option("nothing").forwards(20, 8, 200, 1000) == 0


def test_timings_count_what_each_job_did(tmp_path):
    jobs = [
        {"kind": "feature", "name": "views", "file": "views/a", "tasks": ["a"], "forwards": (5, 0)},
        {"kind": "feature", "name": "cross", "file": "cross/a", "tasks": ["a"], "forwards": (0, 1)},
        {"kind": "feature", "name": "jvp", "file": "jvp", "tasks": ["a", "b", "c"], "forwards": (0, 3)},
        {"kind": "evaluation", "name": "", "file": "evaluate/b", "tasks": ["b"]},
        {"kind": "merge", "name": "ties", "file": "merges/ties/a__b", "tasks": ["a", "b"], "pairs": [("a", "b")]},
        {"kind": "merge", "name": "tsv", "file": "merges/tsv/a__b", "tasks": ["a", "b"], "pairs": [("a", "b")]},
    ]
    for number, job in enumerate(jobs[:-1]):
        path = tmp_path / f"{job['file']}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\n{number + 0.5}\t0:00:00\n")
    images = {"a": {"val": 10, "test": 100}, "b": {"val": 20, "test": 300}, "c": {"val": 40, "test": 7}}
    found = tables.timings(jobs, images, tmp_path)
    assert found.forwards.tolist() == [50, 60, 3 * 2 * 70, 600, 400] and found.merges.tolist() == [0, 0, 0, 0, 1]
    assert found.seconds.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5] and found.checkpoints.tolist() == [1, 1, 3, 1, 2]


@pytest.fixture(scope="module")
def found(made):
    costs = _costs.unit_costs(made["timings"])
    return table.frontier(made, METHODS, list(made["checkpoints"].task), costs)


def test_every_option_stands_for_each_number_of_checkpoints_and_methods(found):
    options = found.option.unique()
    assert len(options) == len(table.WAYS) + 2 * len(table.PEEKS)
    assert len(found) == len(options) * len(_costs.SIZES) * 2 and not found.isna().any(axis=None)
    assert list(found.columns) == table.COLUMNS
    quality = found.groupby("option")[["q2", "mae"]].nunique()
    assert (quality == 1).all(axis=None), "how good it is does not depend on how many are asked for"
    assert found[found.option == "training mean"].q2.abs().max() < 1e-12


def test_nothing_that_is_dominated_is_on_the_frontier(found):
    for _, mine in found.groupby(["checkpoints", "methods"]):
        for row in mine.itertuples():
            better = mine[(mine.seconds <= row.seconds) & (mine.q2 >= row.q2)]
            strictly = better[(better.seconds < row.seconds) | (better.q2 > row.q2)]
            assert row.on_frontier == (not len(strictly))


def test_more_images_and_more_anchors_say_more_in_a_grid_of_strong_task_effects(found):
    q2 = found.drop_duplicates("option").set_index("option").q2
    assert q2["200 images"] > q2["10 images"]
    assert q2["5 anchors"] > q2["training mean"]


@pytest.mark.parametrize("images", [7, 1000])
def test_a_peek_is_at_one_half_of_the_images_and_the_other_half_is_what_is_scored(images):
    random = np.random.default_rng(0)
    single, merged = random.random(40) < 0.8, random.random(40) < 0.6
    rows = [("fine_tuned", None, None, "a", 40, pack_bits(single)), ("ties", "a", "b", "a", 40, pack_bits(merged)),
            ("fine_tuned", None, None, "b", 40, pack_bits(single)), ("ties", "a", "b", "b", 40, pack_bits(merged))]  # fmt: skip
    correct = pd.DataFrame(rows, columns=["method", "task_a", "task_b", "task", "n_images", "right"])
    flags = _peeks.rows_of(correct)
    np.testing.assert_array_equal(flags["a"][1]["ties", "b"], merged)
    seen, left = _peeks.peeked(flags, {"a": 0.1, "b": 0.1}, [("a", "b")], ["ties"], images, seed=0)
    halves = []
    for task in "ab":
        order = np.random.default_rng(_peeks.seed_for("peek", task, seed=0)).permutation(40)
        few, rest = order[:20][:images], order[20:]
        halves.append(((merged[few].mean() + 0.1) / (single.mean() + 0.1), merged[rest].mean() / single[rest].mean()))
    assert (seen[0, 0], left[0, 0]) == pytest.approx(tuple(np.mean(halves, axis=0)))


def test_forecast_and_peek_are_weighed_by_how_far_off_they_were_elsewhere():
    random, pairs = np.random.default_rng(1), list(combinations("abcdefghijklmnopqrst", 2))
    truth = random.normal(size=(len(pairs), 1))
    forecast, peek = truth + 0.3 * random.normal(size=truth.shape), truth + 0.9 * random.normal(size=truth.shape)
    both = _peeks.joined(forecast, peek, truth, pairs)
    s, t, joint = (((values - truth) ** 2).mean() for values in (forecast, peek, both))
    assert joint == pytest.approx(1 / (1 / s + 1 / t), rel=0.15), "the precisions of independent observations add up"
    moved = truth.copy()
    moved[0] += 100.0
    np.testing.assert_array_equal(_peeks.joined(forecast, peek, moved, pairs)[0], both[0])


def test_anchors_are_merges_of_a_held_out_task_with_the_same_others(made):
    parts = {name: made[name] for name in ("merges", "traits", "pair_traits", "library")}
    oriented = table.design.build("traits", METHODS, tasks=sorted(made["checkpoints"].task), **parts)
    fold = next(iter(table.splits.l2to(oriented.pairs, oriented.tasks)))
    held = set(oriented.pairs[fold.validation[0]])
    rows = [set(oriented.pairs[row]) for row in table._anchors(oriented, fold, 3, 0)]
    assert len(rows) == 2 * 2 * 3 and all(len(row & held) == 1 for row in rows)
    others = [{task for row in rows if one in row for task in row - held} for one in held]
    assert others[0] == others[1] and len(others[0]) == 3
    fewer = [set(oriented.pairs[row]) for row in table._anchors(oriented, fold, 1, 0)]
    assert all(row in rows for row in fewer), "more anchors are the same ones and further ones"


def test_the_section_recommends_nothing_that_is_dominated(found):
    costs = pd.DataFrame({"unit": _costs.UNITS, "seconds": [2.0, 0.1, 0.25, 0.002]})
    setting = Setting("tiny_AdamW", {"frontier": found, "unit_costs": costs})
    made = section.section(setting)
    large = found[(found.checkpoints == 20) & (found.methods == 2)]
    for row in large.itertuples():
        assert (f" {row.option}, Q²" in made.words[0]) == row.on_frontier
    forecast = large[large.option == "additive"].iloc[0]
    assert ("is worth its cost" in made.words[1]) == forecast.on_frontier
    assert len(figure.draw(setting).panels) == 8
    assert {figure.kind(option) for option in found.option} == set(figure.KINDS)


def test_a_forecast_that_measures_better_for_less_is_not_recommended(found):
    worse = found.assign(q2=np.where(found.option == "additive", -1.0, found.q2))
    worse = pd.DataFrame([row for _, part in worse.groupby(["checkpoints", "methods"], sort=False)
                          for row in table._on_frontier(part.to_dict("records"))])  # fmt: skip
    costs = pd.DataFrame({"unit": _costs.UNITS, "seconds": [2.0, 0.1, 0.25, 0.002]})
    assert "is not worth its cost there" in section.words(worse, costs)[1]


# the pair's own part


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_pairs_own_part_is_the_residual_of_least_squares_on_task_indicators(seed):
    random, n = np.random.default_rng(seed), 7
    a, b = np.array(list(combinations(range(n), 2))).T
    values = random.normal(size=len(a))
    indicators = np.array([[float(t in pair) for t in range(n)] for pair in zip(a, b, strict=True)])
    wanted = values - LinearRegression().fit(indicators, values).predict(indicators)
    np.testing.assert_allclose(interaction.own_part(values, a, b, n), wanted, atol=1e-9)
    effects = random.normal(size=n)
    assert (interaction.own_part(3 + effects[a] + effects[b], a, b, n) == 0).all()


def forecasts(own, seed=0, n=9):
    """Predictions of task effects, and of the pair's own part as well as `own` says."""
    random, rows = np.random.default_rng(seed), []
    effects = random.normal(size=n)
    for a, b in combinations(range(n), 2):
        part = random.normal()
        measured = effects[a] + effects[b] + part
        predicted = effects[a] + effects[b] + own * part + (1 - own) * random.normal()
        rows.append(("some", "predictor", "ties", "l2to", "accuracy", f"t{a}", f"t{b}", measured, predicted))
        rows.append(("level", "baseline", "ties", "l2to", "accuracy", f"t{a}", f"t{b}", measured, effects[a] + effects[b]))
    columns = ["predictor", "kind", "method", "split", "target", "task_a", "task_b", "measured", "predicted"]
    return pd.DataFrame(rows, columns=columns)


def test_who_forecasts_the_pairs_own_part_has_a_small_p_and_who_knows_tasks_alone_has_none():
    found = interaction.interaction(forecasts(own=0.9), "accuracy").set_index("predictor")
    assert found.r["some"] > 0.9 and found.p["some"] == 1 / 1000
    assert np.isnan(found.r["level"]) and np.isnan(found.p["level"])
    assert 0 < found.share_measured["some"] < 1


def test_without_any_knowledge_p_is_uniform():
    p = [interaction.interaction(forecasts(own=0.0, seed=seed), "accuracy", draws=99).p[0] for seed in range(40)]
    assert 0.35 < np.mean(p) < 0.65 and min(p) > 1 / 101
