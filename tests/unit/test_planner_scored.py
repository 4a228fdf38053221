"""Plans replayed on measured grids: an oracle loses nothing, plain orders lose what they must, groups add up."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import synthetic
from mergecast.analysis.plan import table as plan_table
from mergecast.analysis.planner import section
from mergecast.analysis.planner import table as planner
from mergecast.analysis.planner_groups import section as groups_section
from mergecast.analysis.planner_groups import table as planner_groups
from mergecast.errors import MergecastError
from mergecast.tables.setting import Setting

METHODS, TARGET = ("tsv", "ties", "dare"), "normalised_accuracy"
TASKS = [f"t{number}" for number in range(7)]
GOOD, BLIND, LEVEL = "mixed", "directed_ridge", "task_effects"


def predictions(good=1.0, tasks=TASKS, seed=0):
    """Forecasts by `mixed`, as good as said, and by `task_effects`, which knows the methods alone; both splits."""
    random, rows = np.random.default_rng(seed), []
    level = dict(zip(METHODS, (0.6, 0.5, 0.4), strict=True))
    for a, b in combinations(sorted(tasks), 2):
        for method in METHODS:
            y = level[method] + random.normal(0, 0.1)
            guess = good * y + (1 - good) * (level[method] + random.normal(0, 0.1))
            for split, fold in (("l2to", f"{a}__{b}"), ("loto", a), ("loto", b)):
                for name, kind, value in ((GOOD, "predictor", guess), (LEVEL, "baseline", level[method])):
                    rows.append((method, name, kind, split, TARGET, fold, a, b, y, value, 0.5))
    columns = [
        "method",
        "predictor",
        "kind",
        "split",
        "target",
        "fold",
        "task_a",
        "task_b",
        "measured",
        "predicted",
        "train_mean",
    ]
    return pd.DataFrame(rows, columns=columns)


def coverage(width=0.2):
    rows = [(GOOD, method, split, TARGET, level, width if level == 0.8 else 2 * width)
            for method in METHODS for split in ("l2to", "loto") for level in (0.9, 0.8)]  # fmt: skip
    return pd.DataFrame(rows, columns=["predictor", "method", "split", "target", "level", "mean_width"])


def by_strategy(table, budget, split="l2to", scope="task", column="regret"):
    mine = table[(table.budget == budget) & (table.split == split) & (table.scope == scope)]
    return mine.set_index("strategy")[column]


def of_task(table, task):
    """What the candidates of a task measured."""
    mine = table[(table.split == "l2to") & (table.predictor == GOOD)]
    return mine[(mine.task_a == task) | (mine.task_b == task)]


def test_who_forecasts_the_truth_loses_nothing_and_neither_does_the_oracle():
    found = planner.planner(predictions(good=1.0), None, TARGET, draws=50)
    for strategy in ("plan", "largest_gain", "oracle"):
        mine = found[found.strategy == strategy]
        assert (mine.regret.abs() < 1e-12).all()
    assert set(found[found.scope == "task"].budget) == {1, 2, 5, 10}, "18 candidates of a task are fewer than 20"
    assert (by_strategy(found, 1, column="hit_rate")[["plan", "largest_gain", "oracle"]] == 1).all()


def test_plain_orders_lose_what_they_must():
    table = predictions()
    found = planner.planner(table, None, TARGET, draws=50)
    values = [of_task(table, task) for task in TASKS]
    highest = np.array([mine.measured.max() for mine in values])
    random = np.array([mine.measured.mean() for mine in values])
    assert by_strategy(found, 1)["random_order"] == pytest.approx((highest - random).mean())
    pairs = np.array([
        np.mean([max(pair) for pair in combinations(mine.measured, 2)]) for mine in values
    ])  # fmt: skip
    assert by_strategy(found, 2)["random_order"] == pytest.approx((highest - pairs).mean())
    chosen = []
    for task, mine in zip(TASKS, values, strict=True):
        whole = table[(table.split == "l2to") & (table.predictor == GOOD)]
        others = whole[(whole.task_a != task) & (whole.task_b != task)].groupby("method").measured.mean()
        chosen.append(mine[mine.method == others.idxmax()].measured.mean())
    assert by_strategy(found, 1)["best_method"] == pytest.approx((highest - np.array(chosen)).mean())
    level = np.array([mine[mine.method == "tsv"].measured.mean() for mine in values])
    assert by_strategy(found, 1)["task_effects"] == pytest.approx((highest - level).mean())
    assert by_strategy(found, 1, column="hit_rate")["random_order"] == pytest.approx(2 / 18)


def test_the_best_method_of_a_model_is_chosen_by_the_pairs_without_it():
    table = predictions()
    own = ((table.task_a == "t0") | (table.task_b == "t0")) & (table.method == "dare")
    table.loc[own, "measured"] += 1
    mine = of_task(table, "t0")
    found = planner.planner(table, None, TARGET, draws=9)
    regrets = [mine.measured.max() - mine[mine.method == "tsv"].measured.mean()]
    for task in TASKS[1:]:
        mine = of_task(table, task)
        whole = table[(table.split == "l2to") & (table.predictor == GOOD) & (table.task_a != task) & (table.task_b != task)]
        method = whole.groupby("method").measured.mean().idxmax()
        regrets.append(mine.measured.max() - mine[mine.method == method].measured.mean())
    assert by_strategy(found, 1)["best_method"] == pytest.approx(np.mean(regrets))


def test_the_whole_grid_is_one_number_without_an_interval():
    table = predictions(good=0.5)
    found = planner.planner(table, coverage(), TARGET, draws=50)
    mine = found[found.scope == "grid"]
    assert mine[["low", "high", "behind_low"]].isna().all().all() and (mine.n == 1).all() and set(mine.split) == {"l2to"}
    assert set(mine.budget) == {1, 2, 5, 10, 20} and (mine.candidates == 63).all()
    whole = table[(table.split == "l2to") & (table.predictor == GOOD)]
    first = whole.measured[whole.predicted.idxmax()]
    assert by_strategy(found, 1, scope="grid")["plan"] == pytest.approx(whole.measured.max() - first)


def test_regret_never_grows_with_the_budget_and_leads_are_differences():
    found = planner.planner(predictions(good=0.6), coverage(), TARGET, draws=200)
    for _, mine in found.groupby(["strategy", "split", "scope"]):
        assert (np.diff(mine.sort_values("budget").regret) <= 1e-12).all()
    for keys, mine in found.groupby(["split", "scope", "budget"]):
        by = mine.set_index("strategy")
        lead = (by.regret - by.regret["plan"]).drop("plan").to_numpy()
        assert by.behind.drop("plan").to_numpy() == pytest.approx(lead), keys
    inside = found[found.scope == "task"]
    assert ((inside.low <= inside.regret + 1e-12) & (inside.regret <= inside.high + 1e-12)).all()


def test_the_plan_is_that_of_mixed_or_else_of_directed_ridge_and_nothing_without_either():
    table = predictions()
    other = table.replace({"predictor": {GOOD: BLIND}})
    assert set(planner.planner(table, None, TARGET, draws=9).forecaster) == {GOOD}
    assert set(planner.planner(other, None, TARGET, draws=9).forecaster) == {BLIND}
    with pytest.raises(MergecastError, match="no forecast by mixed or directed_ridge"):
        planner.planner(table[table.predictor == LEVEL], None, TARGET)
    without = planner.planner(table[table.predictor == GOOD], None, TARGET, draws=9)
    assert "task_effects" not in set(without.strategy)


def test_the_order_of_the_tasks_changes_no_score():
    table = predictions(good=0.5)
    turned = table.assign(task_a=table.task_b, task_b=table.task_a, fold=table.fold.str.split("__").str[::-1].str.join("__"))
    turned = turned.sample(frac=1, random_state=1)
    one, other = (planner.planner(each, coverage(), TARGET, draws=99, seed=3) for each in (table, turned))
    pd.testing.assert_frame_equal(one, other, check_exact=False, rtol=1e-12)


def test_the_spread_follows_from_the_narrowest_level_that_was_given():
    assert planner._spread(coverage(0.2), GOOD, "l2to", TARGET)["ties"] == pytest.approx(0.1 / 1.2815515655446004)
    refused = coverage(0.2)
    refused.loc[refused.level == 0.8, "mean_width"] = np.nan
    assert planner._spread(refused, GOOD, "l2to", TARGET)["ties"] == pytest.approx(0.2 / 1.6448536269514722)


def test_the_sentences_say_who_is_ahead_and_by_how_much():
    found = planner.planner(predictions(good=0.9), coverage(), TARGET, draws=200)
    first = section.verdicts(found)[0]
    row = by_strategy(found, 5, column="behind")
    assert first.startswith("Both tasks new: at a budget of 5 merges the plan is better than random order by ")
    assert f"better than random order by {row['random_order']:.3f}" in first and "of each of 7 models" in first
    worse = found.assign(behind=-0.02, behind_low=-0.03, behind_high=-0.01)
    assert "the plan is not better than random order: worse by 0.020" in section.verdicts(worse)[0]
    unsure = found.assign(behind=0.02, behind_low=-0.01, behind_high=0.05)
    assert (
        "better than the best method alone by 0.020 (95 % interval of the lead [−0.010, 0.050]), which is not shown"
        in (section.verdicts(unsure)[0])
    )
    assert section.verdicts(found)[-1].startswith("Of the best merge of the whole grid, 5 merges by the plan lose ")


# groups


def of_groups(harm=0.02, seed=0):
    """Measured pairs and groups of three in which every partner takes its own share; forecasts that know the pairs."""
    random = np.random.default_rng(seed)
    loss = {(t, b): harm * random.uniform(0, 1) for t in TASKS for b in TASKS if t != b}
    merges, forecast, subsets = [], [], []
    for method in METHODS:
        for a, b in combinations(TASKS, 2):
            for kept, other in ((a, b), (b, a)):
                merges.append((a, b, method, kept, 1 - loss[kept, other]))
                forecast.append((method, GOOD, "l2to", "retained", kept, other, 1 - loss[kept, other]))
            forecast.append((method, GOOD, "l2to", TARGET, a, b, 1 - (loss[a, b] + loss[b, a]) / 2))
        for number, group in enumerate(list(combinations(TASKS, 3))[:12]):
            for task in group:
                value = 1 - sum(loss[task, other] for other in group if other != task)
                subsets.append((method, f"{number:03}", "|".join(reversed(group)), task, value))
    return (
        pd.DataFrame(forecast, columns=["method", "predictor", "split", "target", "task_a", "task_b", "predicted"]),
        pd.DataFrame(merges, columns=["task_a", "task_b", "method", "task", TARGET]),
        pd.DataFrame(subsets, columns=["method", "subset", "tasks", "task", TARGET]),
    )


def test_losses_that_add_up_are_forecast_exactly_by_adding_them_up():
    found = planner_groups.groups(*of_groups(), TARGET)
    assert len(found) == 2 * 3 * (len(METHODS) + 1) and (found.n == 12).all() and set(found["size"]) == {3}
    added = found[found.rule == "additive"]
    assert added.mae.max() < 1e-12 and added.q2.min() == pytest.approx(1) and added.r.min() == pytest.approx(1)
    mean = found[found.rule == "mean"]
    assert (mean.bias > 0).all() and mean.r.min() == pytest.approx(1), "the mean forgets half of the harm, not the order"
    assert groups_section.said(found)[0].startswith("12 groups of 3 were merged. Forecast from their pairs: by the mean")


def test_a_level_that_all_groups_share_is_learnt_from_the_others_and_leaves_the_order():
    forecast, merges, subsets = of_groups(harm=0.0)
    lower = subsets.assign(**{TARGET: subsets[TARGET] - subsets.method.map({"tsv": 0.1, "ties": 0.2, "dare": 0.0})})
    found = planner_groups.groups(forecast, merges, lower, TARGET)
    assert found[found.rule == "levelled"].mae.max() < 1e-12
    by = found[(found.rule == "mean") & (found.pairs == "forecast")].set_index("method").bias
    assert by["tsv"] == pytest.approx(0.1) and by["ties"] == pytest.approx(0.2) and by["all"] == pytest.approx(0.1)


def test_without_both_orientations_a_pair_is_split_evenly():
    forecast, merges, subsets = of_groups()
    even = planner_groups.groups(forecast[forecast.target == TARGET], merges, subsets, TARGET)
    added = even[(even.rule == "additive") & (even.pairs == "forecast")]
    assert added.mae.max() < 1e-12, "the mean over the members is the same: nothing is clipped"


def test_groups_without_a_forecast_of_all_pairs_are_left_out_and_none_is_an_error():
    forecast, merges, subsets = of_groups()
    fewer = forecast[(forecast.task_a != "t0") & (forecast.task_b != "t0")]
    found = planner_groups.groups(fewer, merges, subsets, TARGET)
    assert (found[found.pairs == "measured"].n == 12).all()
    assert (found[found.pairs == "forecast"].n < 12).all() or not len(found[found.pairs == "forecast"])
    with pytest.raises(MergecastError, match="no group has a forecast of all its pairs"):
        planner_groups.groups(forecast, merges, subsets.assign(method="other"), TARGET)


# the plan as a table


def test_the_table_of_the_plan_has_the_pair_in_two_columns_and_no_row_where_all_is_measured():
    rows = [("a", "b", "ties", 0.8, 0.8), ("a", "c", "ties", np.nan, 0.9), ("b", "c", "ties", np.nan, 0.85)]
    table = pd.DataFrame(rows, columns=["task_a", "task_b", "method", "measured", "forecast"])
    table = table.assign(kept_a=table.forecast, kept_b=table.forecast, **{"low_0.8": table.forecast - 0.1,
                                                                         "high_0.8": table.forecast + 0.1})  # fmt: skip
    made = plan_table.make({"forecasts": table}, {})["plan"]
    assert list(made.columns) == plan_table.COLUMNS
    assert made[["step", "task_a", "task_b"]].values.tolist() == [[1, "a", "c"], [2, "b", "c"]]
    assert plan_table.make({"forecasts": table.assign(measured=0.5)}, {})["plan"].empty


def test_made_up_tables_have_the_layout_of_the_real_ones():
    made = synthetic.tables(6)
    assert list(made["planner"].columns) == planner.COLUMNS
    assert list(made["planner_groups"].columns) == planner_groups.COLUMNS
    setting = Setting("tiny", made, {}, {"targets": [TARGET]})
    assert section.section(setting).tables and groups_section.section(setting).tables
