"""What the explorer is given: the tables' own numbers in columns, two sentences, and a line on what is missing."""

import json

import numpy as np
import pandas as pd
import pytest

import synthetic
from mergecast.errors import MergecastError
from mergecast.report import Setting, read_setting
from mergecast.report.explorer import explorer, missing
from mergecast.report.facts import gather
from mergecast.report.packing import pack, unpack
from mergecast.report.verdict import sentences
from mergecast.tables.leading import lead
from mergecast.tables.reading import pair_values

TABLES = synthetic.tables(6, ("tsv", "ties", "dare"))
PAIR = ["task_a", "task_b"]


def made(**tables):
    return Setting("tiny", {**TABLES, **tables})


def without(*names):
    return Setting("tiny", {name: table for name, table in TABLES.items() if name not in names})


def given(setting=None):
    setting = setting or made()
    return explorer(setting, gather(setting))


@pytest.fixture(scope="module")
def found():
    return given()


def pair_of(found, place):
    return found["tasks"][found["a"][place]], found["tasks"][found["b"][place]]


def listed(table, *columns):
    return list(table[list(columns)].itertuples(index=False, name=None))


def test_every_number_of_the_forecasts_is_there_rounded_to_four_digits(found):
    forecasts = TABLES["forecasts"].set_index(["method", *PAIR])
    assert found["levels"] == ["0.8", "0.9"] and len(found["a"]) == 15 and set(found["methods"]) == {"tsv", "ties", "dare"}
    for m, method in enumerate(found["methods"]):
        for place in range(15):
            row = forecasts.loc[(method, *pair_of(found, place))]
            for name in ("measured", "forecast", "kept_a", "kept_b", "baseline"):
                value = found["values"][name][m][place]
                assert value is None if np.isnan(row[name]) else value == pytest.approx(row[name], abs=5.1e-5)
            for i, level in enumerate(found["levels"]):
                assert found["low"][i][m][place] == pytest.approx(row[f"low_{level}"], abs=5.1e-5)
                assert found["high"][i][m][place] == pytest.approx(row[f"high_{level}"], abs=5.1e-5)


def test_pairs_stand_in_the_order_of_the_grid_and_methods_from_best_to_worst(found):
    pairs = list(TABLES["forecasts"][PAIR].drop_duplicates().itertuples(index=False, name=None))
    assert [pair_of(found, place) for place in range(15)] == pairs
    means = pair_values(TABLES["merges"]).groupby("method").value.mean()
    assert found["methods"] == list(means.sort_values(ascending=False).index)
    assert found["unseen"] == list(TABLES["forecasts"].drop_duplicates(PAIR).unseen)


def test_reasons_neighbours_and_plan_are_those_of_the_tables(found):
    reasons = TABLES["forecast_reasons"].set_index(["method", *PAIR])
    for m, method in enumerate(found["methods"]):
        for place in (0, 7, 14):
            mine = reasons.loc[(method, *pair_of(found, place))].sort_values("rank")
            assert [found["reasons"]["said"][i] for i in found["reasons"]["which"][m][place]] == list(mine.reason)
            assert found["reasons"]["by"][m][place] == pytest.approx(list(mine.contribution), abs=5.1e-5)
    near = TABLES["neighbours"].set_index(PAIR)
    mine = near.loc[pair_of(found, 3)].sort_values("rank")
    assert [pair_of(found, i) for i in found["near"]["pair"][3]] == listed(mine, "near_a", "near_b")
    assert found["near"]["distance"][3] == pytest.approx(list(mine.distance))
    plan = TABLES["plan"]
    steps = zip(found["plan"]["pair"], found["plan"]["method"], strict=True)
    assert [(*pair_of(found, pair), found["methods"][m]) for pair, m in steps] == listed(plan, *PAIR, "method")
    for name, column in (("forecast", "forecast"), ("low", "low_0.8"), ("high", "high_0.8"), ("gain", "gain")):
        assert found["plan"][name] == pytest.approx(list(plan[column]), abs=5.1e-5)
    planner = TABLES["planner"].query("split == 'l2to' and scope == 'task'")
    assert [row["strategy"] for row in found["planner"]] == list(planner.strategy)
    assert [row["regret"] for row in found["planner"]] == pytest.approx(list(planner.regret), abs=5.1e-5)


def test_the_explorer_is_strict_json_and_small(found):
    text = json.dumps(found, allow_nan=False, separators=(",", ":"))
    assert len(text) / (15 * 3) < 500  # bytes per pair and method


def test_a_setting_without_forecasts_shows_what_was_measured_and_says_so():
    found = given(without("forecasts", "forecast_reasons", "neighbours", "plan", "planner"))
    assert list(found["values"]) == ["measured"] and found["levels"] == [] and found["forecaster"] is None
    values = pair_values(TABLES["merges"]).set_index(["method", *PAIR]).value
    for m, method in enumerate(found["methods"]):
        expected = [values[(method, *pair_of(found, i))] for i in range(15)]
        assert found["values"]["measured"][m] == pytest.approx(expected, abs=5.1e-5)
    assert found["reasons"] is found["near"] is found["plan"] is found["planner"] is found["unseen"] is None
    assert found["missing"] == (
        "This setting has no forecasts of single pairs with intervals, no reasons, no neighbours and no plan of what to merge "
        "next. Shown is what was measured."
    )


def test_one_line_names_what_is_missing():
    assert missing(TABLES) == ""
    assert missing({**TABLES, "plan": TABLES["plan"].iloc[:0]}) == "This setting has no plan of what to merge next."
    there = {name: table for name, table in TABLES.items() if name not in ("plan", "neighbours")}
    assert missing(there) == "This setting has no neighbours and no plan of what to merge next."


def test_an_interval_that_was_refused_and_a_neighbour_that_is_not_shown_are_left_out():
    forecasts = TABLES["forecasts"].copy()
    forecasts[["low_0.9", "high_0.9"]] = np.nan
    near = TABLES["neighbours"].assign(near_b="elsewhere")
    found = given(made(forecasts=forecasts, neighbours=near))
    assert all(value is None for row in found["low"][1] for value in row)
    assert found["near"]["pair"] == [[]] * 15


def test_a_table_that_lacks_a_column_is_one_clear_line():
    with pytest.raises(MergecastError, match="table plan: lacks the column 'gain'"):
        given(made(plan=TABLES["plan"].drop(columns="gain")))


def test_tables_of_the_explorer_are_read_from_the_folder_of_a_setting(tmp_path):
    folder = synthetic.write(tmp_path / "tiny", 4, ("tsv", "ties"))
    assert {"forecasts", "forecast_reasons", "neighbours", "plan", "planner"} <= set(read_setting(folder).tables)
    (folder / "tables" / "plan.csv").unlink()
    assert "plan" not in read_setting(folder).tables


# the two sentences


def values(**methods):
    tasks = "abcdef"
    pairs = pd.DataFrame([(x, y) for i, x in enumerate(tasks) for y in tasks[i + 1 :]], columns=PAIR)
    return pd.concat([pairs.assign(method=name, value=value) for name, value in methods.items()], ignore_index=True)


def test_a_lead_is_clear_when_its_interval_over_tasks_excludes_nothing_at_all():
    noise = np.random.default_rng(0).normal(0, 0.01, 15)
    sure = lead(values(one=0.5 + noise, two=0.8 + noise[::-1], three=0.1))
    assert (sure.first, sure.second, sure.clear) == ("two", "one", True)
    assert 0.25 < sure.low < sure.difference < sure.high < 0.35
    apart = np.random.default_rng(1).normal(0.001, 0.1, 15)
    level = lead(values(one=0.5, two=0.5 + apart - apart.mean() + 0.001))
    assert level.difference == pytest.approx(0.001) and level.low < 0 < level.high and not level.clear
    assert lead(values(one=0.5)) is None
    equal = lead(values(**dict.fromkeys(("a", "b", "c", "d", "e", "f", "g", "h"), 0.7)))
    assert not equal.clear and equal.difference == 0


def test_a_lead_hangs_on_the_seed_alone():
    table = values(one=np.linspace(0.1, 0.9, 15), two=np.linspace(0.15, 0.85, 15))
    assert lead(table, seed=1) == lead(table.sample(frac=1, random_state=0), seed=1)
    assert lead(table, seed=1) != lead(table, seed=2)


def test_the_verdict_names_a_best_method_only_where_there_is_one():
    merges = TABLES["merges"].copy()
    first, second = sentences(gather(made()))
    assert first.startswith("No method is clearly best: ") or " merges best: " in first
    mean = merges.groupby([*PAIR, "task"]).normalised_accuracy.transform("mean")
    level = merges.assign(normalised_accuracy=mean)
    assert sentences(gather(made(merges=level)))[0].startswith("No method is clearly best: ")
    lower = merges.normalised_accuracy.clip(upper=0.9)
    ahead = merges.assign(normalised_accuracy=np.where(merges.method == "dare", 0.99, lower))
    said = sentences(gather(made(merges=ahead)))[0]
    assert said.startswith("dare merges best: mean normalised accuracy 0.990 over 15 pairs, ")


def test_the_verdict_says_how_far_the_forecast_can_be_trusted_beside_the_mean():
    setting = made()
    mean = setting.headline["scores"].groupby("predictor")[["q2", "mae"]].mean()
    said, worth = sentences(gather(setting), "ridge")[1], mean.mae["ridge"] < mean.mae["train_mean"]
    assert said == (
        f"With both tasks unseen, the forecast (ridge) has Q² {shown(mean.q2['ridge'], 2)} and misses by "
        f"{shown(mean.mae['ridge'])} on average; the mean of the training pairs has Q² {shown(mean.q2['train_mean'], 2)} and "
        f"misses by {shown(mean.mae['train_mean'])}" + ("." if worth else ", so the forecast is of no use here.")
    )
    assert (
        "The forecasts shown, by elsewhere, were not scored; with both tasks unseen, the best that was scored ("
        in (sentences(gather(setting), "elsewhere")[1])
    )


def shown(value, digits=3):
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def test_what_is_packed_is_the_same_again_and_for_the_same_text_the_same():
    text = "größer <b>" * 1000
    assert unpack(pack(text)) == text and pack(text) == pack(text) and len(pack(text)) < len(text) / 10
