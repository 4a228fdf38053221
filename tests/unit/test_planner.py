"""Which merges to try first: closed forms, constraints, the command line, and one line for each bad input."""

import json
import math
from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from mergecast.cli import main
from mergecast.errors import MergecastError
from mergecast.planning import Wish, candidates, hindsight, plan
from mergecast.planning.improvement import expected_improvement, greedy, ranked

METHODS = ("ties", "tsv")
finite = st.floats(-1, 1, allow_nan=False)


def forecasts(tasks="abcd", measured=(), seed=0, sd=0.05):
    """A table of forecasts; `measured` are pairs such as "ab", which measured their forecast and 0.01 more."""
    random, rows = np.random.default_rng(seed), []
    for a, b in combinations(tasks, 2):
        for method in METHODS:
            kept = random.uniform(0.6, 1, 2)
            value = kept.mean() + 0.01 if a + b in measured else np.nan
            half = [stats.norm.ppf((1 + level) / 2) * sd for level in (0.8, 0.9)]
            interval = [kept.mean() + sign * width for width in half for sign in (-1, 1)]
            rows.append((a, b, method, 2, value, kept.mean(), *interval, *kept, 0.8, "mixed"))
    return pd.DataFrame(rows, columns=["task_a", "task_b", "method", "unseen", "measured", "forecast", "low_0.8", "high_0.8",
                                       "low_0.9", "high_0.9", "kept_a", "kept_b", "baseline", "forecaster"])  # fmt: skip


# expected improvement


@given(finite, st.floats(0.01, 1), finite)
@settings(max_examples=40, deadline=None)
def test_the_expected_improvement_is_the_integral(mean, sd, best):
    gain = integrate.quad(lambda y: (y - best) * stats.norm.pdf(y, mean, sd), best, max(best, mean) + 12 * sd, limit=200)[0]
    assert expected_improvement([mean], [sd], best)[0] == pytest.approx(gain, abs=1e-8)


@given(st.lists(finite, min_size=1, max_size=6), finite)
def test_a_certain_forecast_improves_by_what_it_is_ahead(mean, best):
    assert expected_improvement(mean, np.zeros(len(mean)), best) == pytest.approx(np.maximum(np.array(mean) - best, 0))


@given(finite, st.floats(0, 1), st.floats(0, 1), finite)
def test_the_expected_improvement_grows_with_the_spread_and_falls_with_the_best(mean, sd, more, best):
    one, wider = expected_improvement([mean] * 2, [sd, sd + more], best)
    assert 0 <= one <= wider + 1e-12 and expected_improvement([mean], [sd], best + more)[0] <= one + 1e-12


def test_the_order_is_that_of_the_forecasts_and_each_gain_raises_the_best():
    order, gains = ranked([0.5, 0.6, 0.55], [0.0, 0.01, 0.2], 9, best=0.6)
    assert order == [1, 2, 0] and gains[0] == expected_improvement(0.6, 0.01, 0.6)
    assert gains[1] == expected_improvement(0.55, 0.2, 0.6 + gains[0]) > gains[0] and gains[2] == 0
    assert ranked([0.5, 0.5, 0.5], [0.1, 0.2, 0.1], 3, best=0.5)[0] == [1, 0, 2], (
        "of equal forecasts the wider one may be better"
    )


def test_with_nothing_measured_the_highest_forecast_comes_first_and_has_no_gain():
    order, gains = ranked([0.5, 0.6], [0.9, 0.0], 2)
    assert order == [1, 0] and math.isnan(gains[0]) and gains[1] == expected_improvement(0.5, 0.9, 0.6)


def test_the_largest_gain_goes_by_what_was_measured_on_the_way():
    mean, sd = [0.9, 0.8, 0.7], [0.01, 0.01, 0.1]
    assert greedy(mean, sd, 3, [0.5, 0.5, 0.5]) == [0, 1, 2]
    assert greedy(mean, sd, 3, [0.9, 0.5, 0.5]) == [0, 2, 1], "what may still be better than 0.9"
    mean, sd = [0.9, 0.8, 0.7, 0.6], [0.01, 0.1, 0.05, 0.4]
    assert greedy(mean, sd, 4, [0.9, 0.5, 0.5, 0.1]) == [0, 3, 1, 2]
    assert greedy([0.9, 0.7, 0.6, 0.3], [0.0, 0.5, 0.01, 0.4], 4, [0.9, 0.2, 0.2, 0.2])[2] == 3, "a bad merge lowers nothing"


# hindsight


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=3), min_size=1, max_size=3), st.data())
@settings(max_examples=60, deadline=None)
def test_what_an_order_finds_is_the_mean_over_all_orders_within_blocks(blocks, data):
    blocks = [np.array(block, dtype=float) for block in blocks]
    budget = data.draw(st.integers(1, sum(map(len, blocks))))
    every = np.sort(np.concatenate(blocks))[::-1]
    bar = every[max(1, math.ceil(hindsight.TOP * len(every))) - 1]
    orders = [[]]
    for block in blocks:
        orders = [[*before, *after] for before in orders for after in permutations(block)]
    tried = np.array(orders)[:, :budget]
    best, hits = hindsight.found(blocks, budget)
    assert best == pytest.approx(tried.max(axis=1).mean()) and hits == pytest.approx((tried >= bar).mean())


def test_an_oracle_loses_nothing_and_equal_scores_are_one_block():
    values = np.array([0.1, 0.4, 0.3, 0.2])
    assert hindsight.found(hindsight.blocks_of(values, values), 1) == (0.4, 1.0)
    assert hindsight.found([np.full(3, 0.7)], 1)[0] == 0.7, "exactly: nothing can be lost"
    assert [list(block) for block in hindsight.blocks_of(values, [1, 2, 2, 1])] == [[0.4, 0.3], [0.1, 0.2]]


# groups


@given(st.integers(0, 1000), st.integers(3, 5))
@settings(max_examples=20, deadline=None)
def test_additive_losses_add_up_and_are_an_affine_function_of_the_mean_of_the_pairs_where_nothing_is_clipped(seed, size):
    kept = np.random.default_rng(seed).uniform(0.9, 1, (5, 5))
    members = np.array(list(combinations(range(5), size)))
    found = candidates.group_values(kept, members, "additive")
    for row, group in enumerate(members):
        for t, task in enumerate(group):
            assert found[row, t] == pytest.approx(1 - sum(1 - kept[task, other] for other in group if other != task))
    means = candidates.group_values(kept, members, "mean").mean(axis=1)
    assert found.mean(axis=1) == pytest.approx(1 - (size - 1) * (1 - means))


def test_what_is_kept_of_a_member_is_never_below_0_or_above_1():
    low, high = np.full((4, 4), 0.1), np.full((4, 4), 1.05)
    members = np.array([[0, 1, 2, 3]])
    assert (candidates.group_values(low, members, "additive") == 0).all()
    assert (candidates.group_values(high, members, "additive") == 1).all()


def test_a_group_is_made_of_the_orientations_of_its_pairs():
    table = forecasts()
    made = plan(table, 100, group=3)
    assert len(made.table) == 4 * 2 and made.next_gain is None and made.best is None
    kept = {(row.task_a, row.task_b, row.method): row.kept_a for row in table.itertuples()}
    kept |= {(row.task_b, row.task_a, row.method): row.kept_b for row in table.itertuples()}
    pairs = candidates.pairs(table)
    both = {rule: candidates.groups(pairs, 3, among="abcd", rule=rule) for rule in candidates.RULES}
    for row in range(8):
        tasks, method = both["mean"].names(row)
        for t, task in enumerate(tasks):
            others = [kept[task, other, method] for other in tasks if other != task]
            assert both["mean"].kept[row, t] == pytest.approx(np.mean(others))
            assert both["additive"].kept[row, t] == pytest.approx(max(0, 1 - sum(1 - value for value in others)))
    assert both["additive"].sd == pytest.approx(2 * both["mean"].sd)


def test_measured_groups_are_the_best_to_beat_and_not_proposed_again():
    rows = [("ties", "000", "c|a|b", task, value) for task, value in zip("cab", (0.5, 0.6, 0.7), strict=True)]
    rows += [("ties", "001", "a|b", "a", 0.99), ("ties", "001", "a|b", "b", 0.99)]
    subsets = pd.DataFrame(rows, columns=["method", "subset", "tasks", "task", "normalised_accuracy"])
    made = plan(forecasts(), 100, group=3, subsets=subsets)
    assert made.best == pytest.approx(0.6) and len(made.table) == 7
    assert (("a", "b", "c"), "ties") not in list(zip(made.table.tasks, made.table.method, strict=True))
    assert plan(forecasts(), 1, group=3, subsets=subsets, wish=Wish(keep={"c": 0.6})).best is None


def test_groups_stand_at_the_level_of_those_that_were_measured_under_their_method():
    table = forecasts("abcde")
    plain = plan(table, 100, group=3).table.set_index(["tasks", "method"])
    below = [("ties", "000", "|".join(tasks), task, plain.forecast[tasks, "ties"] - 0.05)
             for tasks in (("a", "b", "c"), ("a", "c", "e")) for task in tasks]  # fmt: skip
    subsets = pd.DataFrame(below, columns=["method", "subset", "tasks", "task", "normalised_accuracy"])
    moved = plan(table, 100, group=3, subsets=subsets).table.set_index(["tasks", "method"])
    assert len(moved) == len(plain) - 2
    for key, row in moved.iterrows():
        shift = -0.05 if key[1] == "ties" else 0
        assert row.forecast == pytest.approx(plain.forecast[key] + shift)
        assert row.kept == pytest.approx([value + shift for value in plain.kept[key]])


# plans


def test_a_plan_takes_unmeasured_pairs_by_gain_and_reports_the_gain_of_the_next():
    table = forecasts(measured=("ab", "cd"))
    made, longer = plan(table, 3), plan(table, 4)
    assert list(made.table.step) == [1, 2, 3] and made.best == pytest.approx(table.measured.max())
    assert not {("a", "b"), ("c", "d")} & set(made.table.tasks)
    assert made.next_gain == longer.table.gain.iloc[3] and (np.diff(longer.table.gain) <= 0).all()
    first = made.table.iloc[0]
    assert first.gain == pytest.approx(expected_improvement([first.forecast], [0.05], made.best)[0])
    row = table[(table.task_a + table.task_b == "".join(first.tasks)) & (table.method == first.method)].iloc[0]
    assert first["low_0.8"] == pytest.approx(row["low_0.8"]) and first.kept == (row.kept_a, row.kept_b)


@given(st.permutations("abcd"))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_tasks_changes_nothing(order):
    table, place = forecasts(measured=("ab",)), dict(zip(order, range(4), strict=True))
    turned = table.assign(first=table.task_a.map(place), second=table.task_b.map(place))
    back = turned["first"] > turned["second"]
    turned.loc[back, ["task_a", "task_b", "kept_a", "kept_b"]] = turned.loc[
        back, ["task_b", "task_a", "kept_b", "kept_a"]
    ].values
    turned = turned.sort_values(["first", "second"], kind="stable")
    for group in (None, 3):
        one, other = plan(table, 6, group=group), plan(turned, 6, group=group)
        assert [(set(row.tasks), row.method) for row in one.table.itertuples()] == [
            (set(row.tasks), row.method) for row in other.table.itertuples()
        ]
        assert one.table.gain.to_numpy() == pytest.approx(other.table.gain.to_numpy(), nan_ok=True)


def test_where_intervals_are_refused_the_next_level_counts_and_without_any_the_forecast_alone():
    table = forecasts(measured=("ab",))
    higher = plan(table.assign(**{"low_0.8": np.nan, "high_0.8": np.nan}), 4).table
    assert list(higher.tasks) == list(plan(table, 4).table.tasks)
    none = plan(table.drop(columns=[name for name in table if name.startswith(("low", "high"))]), 4)
    assert none.table["low_0.8"].isna().all() and (np.diff(none.table.forecast) <= 0).all()
    assert none.table.gain.iloc[0] == pytest.approx(max(0, none.table.forecast.iloc[0] - none.best))


def test_constraints_hold_for_every_merge_and_for_the_best_to_beat():
    table = forecasts("abcdef", measured=("ab", "cd"))
    every = plan(table, 100, wish=Wish(keep={"a": 0.8}, including=("b",), without=("f",), methods=("tsv",))).table
    assert len(every) and all("b" in tasks and "f" not in tasks for tasks in every.tasks) and set(every.method) == {"tsv"}
    for row in every.itertuples():
        assert row.kept[row.tasks.index("a")] >= 0.8 if "a" in row.tasks else True
    merges = pd.DataFrame([("a", "b", "tsv", "a", 0.7), ("a", "b", "tsv", "b", 0.9)],
                          columns=["task_a", "task_b", "method", "task", "normalised_accuracy"])  # fmt: skip
    only = Wish(including=("a", "b"), methods=("tsv",))
    with pytest.raises(MergecastError, match="every one that is as wished is measured already"):
        plan(table, 1, wish=only, merges=merges)
    wish = Wish(keep={"a": 0.71}, methods=("tsv",))
    assert (
        plan(table, 1, wish=wish, merges=merges).best == table[(table.task_a == "c") & (table.method == "tsv")].measured.max()
    )


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"budget": 0}, "budget is 0; give a number of merges, 1 or more"),
        ({"group": 2}, "group is 2; give a number of models from 3 to 8"),
        ({"group": 9}, "group is 9; give a number of models from 3 to 8"),
        ({"group": 5}, "too few tasks for a group of this size"),
        ({"wish": Wish(including=("lines",))}, "unknown task 'lines'; Known: a, b, c, d"),
        ({"wish": Wish(methods=("tie",))}, "unknown method 'tie'; did you mean 'ties'?"),
        ({"wish": Wish(keep={"x": 0.5})}, "unknown task 'x'"),
        ({"wish": Wish(keep={"a": 1.5})}, "keep a=1.5: must be from 0 to 1"),
        ({"wish": Wish(including=("a",), without=("a",))}, "task 'a': is asked for and excluded"),
        ({"wish": Wish(keep={"a": 0.5}, without=("a",))}, "task 'a': is asked for and excluded"),
        ({"wish": Wish(including=("a", "b", "c"))}, "a merge of 2 cannot hold 3 tasks (a, b, c)"),
        ({"wish": Wish(keep=dict.fromkeys("abcd", 1.0))}, "none of 12 is as wished"),
        ({"forecasts": forecasts(measured=("ab", "ac", "ad", "bc", "bd", "cd"))}, "is measured already"),
        ({"forecasts": forecasts()[:0]}, "table forecasts: has no row"),
        ({"forecasts": forecasts().drop(columns="kept_b")}, "table forecasts: lacks the column 'kept_b'"),
    ],
)
def test_a_plan_that_cannot_be_made_is_one_line_with_a_remedy(given, line):
    with pytest.raises(MergecastError) as error:
        plan(**{"forecasts": forecasts(), "budget": 3, **given})
    assert line in str(error.value) and "\n" not in str(error.value)


def test_more_groups_than_can_be_looked_at_are_refused_before_they_are_made():
    many = forecasts([f"t{number}" for number in range(60)])
    with pytest.raises(MergecastError, match="groups of 8 out of 60 tasks by 2 methods: .* ask for a smaller group"):
        plan(many, 1, group=8)


# the command


@pytest.fixture
def study(tmp_path):
    """A folder of a setting with forecasts and measured merges."""
    table = forecasts("abcde", measured=("ab",))
    (tmp_path / "tables").mkdir()
    table.to_csv(tmp_path / "tables/forecasts.csv", index=False)
    rows = [("a", "b", method, task, 0.5) for method in METHODS for task in "ab"]
    merges = pd.DataFrame(rows, columns=["task_a", "task_b", "method", "task", "normalised_accuracy"])
    merges.to_csv(tmp_path / "tables/merges.csv", index=False)
    return tmp_path, table, merges


@pytest.fixture
def run(capsys):
    """Run the command line; its exit code, output and error output."""

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["plan", *map(str, arguments)])
        return (end.value.code, *capsys.readouterr())

    return call


def test_the_command_prints_the_librarys_plan(run, study):
    folder, table, merges = study
    made = plan(table, 4, merges=merges)
    code, out, err = run("--study", folder, "--budget", 4)
    lines = out.splitlines()
    assert (code, err) == (0, "") and len(lines) == 6
    for line, row in zip(lines[1:5], made.table.itertuples(), strict=True):
        assert line.split()[:5] == [str(row.step), row.tasks[0], "+", row.tasks[1], row.method]
        assert f"{row.forecast:.3f}" in line and f"{row.gain:.3f}" in line and f"{row.tasks[0]} {row.kept[0]:.2f}" in line
    assert lines[5] == (
        f"The best that is measured so far: {made.best:.3f}. Stop rule: after these, the next merge is expected to better the "
        f"best by {made.next_gain:.3f}."
    )


def test_as_json_it_is_whole_and_wishes_are_passed_on(run, study):
    folder, table, merges = study
    wishes = ["--keep", "a=0.5", "--with", "c", "--without", "e", "--method", "tsv"]
    code, out, err = run("--study", folder, "--budget", 2, "--group", 3, *wishes, "--json")
    found = json.loads(out)
    wish = Wish({"a": 0.5}, ("c",), ("e",), ("tsv",))
    made = plan(table, 2, group=3, merges=merges, wish=wish)
    assert (code, err) == (0, "") and found["best"] is None and found["next_gain"] == made.next_gain
    assert [tuple(row["tasks"]) for row in found["merges"]] == list(made.table.tasks)
    assert found["merges"][0]["gain"] is None and found["merges"][1]["gain"] == made.table.gain[1]
    assert found["merges"][0]["kept"] == dict(zip(made.table.tasks[0], made.table.kept[0], strict=True))


def test_the_last_merge_says_that_none_is_left_and_nothing_measured_is_said(run, study):
    folder, table, _ = study
    table.assign(measured=np.nan).to_csv(folder / "tables/forecasts.csv", index=False)
    out = run("--study", folder, "--budget", 99)[1]
    assert out.splitlines()[-1] == "Nothing is measured yet. No merge is left after these."
    assert " – " in out.splitlines()[1], "the first of them has nothing to better"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--budget", 0], "budget is 0"),
        (["--budget", 1, "--group", 2], "group is 2"),
        (["--budget", 1, "--keep", "a"], "--keep a: must be TASK=SHARE, such as cars=0.9"),
        (["--budget", 1, "--keep", "a=much"], "--keep a=much: 'much' is no number"),
        (["--budget", 1, "--keep", "a=1", "--keep", "a=0"], "'a' is set twice"),
        (["--budget", 1, "--keep", "a=2"], "keep a=2: must be from 0 to 1"),
        (["--budget", 1, "--with", "f"], "unknown task 'f'"),
        (["--budget", 1, "--method", "tie"], "did you mean 'ties'?"),
        (["--budget", 1, "--with", "a", "--without", "a"], "is asked for and excluded"),
        (["--budget", 1, "--with", "a", "--with", "b"], "every one that is as wished is measured already"),
    ],
)
def test_a_bad_plan_is_one_line_on_the_command_line(run, study, arguments, line):
    code, out, err = run("--study", study[0], *arguments)
    assert (code, out) == (1, "") and err.startswith("mergecast: error: ") and line in err and err.count("\n") == 1


def test_a_folder_without_forecasts_is_named(run, tmp_path):
    code, out, err = run("--study", tmp_path, "--budget", 1)
    assert (code, out) == (1, "") and f"{tmp_path}: holds no tables" in err and err.count("\n") == 1
    (tmp_path / "tables").mkdir()
    code, out, err = run("--study", tmp_path, "--budget", 1)
    assert (code, out) == (1, "") and "tables/forecasts.csv: unknown table 'forecasts'" in err and err.count("\n") == 1
