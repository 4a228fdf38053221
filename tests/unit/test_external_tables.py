"""Tables a user brings: both layouts say the same, nothing incomplete gets in, nothing is left out without a reason."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mergecast import prediction, tables
from mergecast.config import settings as resolving
from mergecast.errors import MergecastError
from mergecast.tables import external
from mergecast.tables.external import compare, folder

TASKS = ["bees", "ants", "cats", "dogs", "elks", "foxes"]  # not in the order of the alphabet
METHODS = ["tsv", "average"]
ACCURACY = {task: 0.9 - 0.05 * place for place, task in enumerate(TASKS)}
PUBLISHED_METHODS = ["weight_avg", "arithmetic", "tsv", "ties", "dare"]


def made(seed=0):
    """Complete tables in our layout: metrics, merges, singles, subsets of 3, calibration at 2 and 8 images."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for row, b in enumerate(TASKS) for a in TASKS[:row]]
    metrics = pd.DataFrame(pairs, columns=["task_a", "task_b"]).assign(
        cosine=rng.normal(size=len(pairs)), distance=rng.uniform(size=len(pairs))
    )

    def score(task):
        share = rng.uniform(0.5, 1)
        return {"task": task, "accuracy": share * ACCURACY[task], "normalised_accuracy": share}

    merges = [{"task_a": a, "task_b": b, "method": m} | score(task) for m in METHODS for a, b in pairs for task in (a, b)]
    groups = dict(enumerate(list(combinations(TASKS, 3))[::4], start=11))
    subsets = [
        {"method": method, "subset": str(name), "tasks": "|".join(group)} | score(task)
        for method in METHODS
        for name, group in groups.items()
        for task in group
    ]
    calibration = pd.concat([metrics.drop(columns="distance").assign(n_images=n) for n in (2, 8)], ignore_index=True)
    return {
        "metrics": metrics,
        "merges": pd.DataFrame(merges),
        "singles": pd.DataFrame({"task": TASKS, "fine_tuned_accuracy": list(ACCURACY.values())}),
        "subsets": pd.DataFrame(subsets),
        "calibration": calibration[["n_images", "task_a", "task_b", "cosine"]],
    }


def published_layout(given):
    """The same tables as the published files have them."""
    merges, wide, subsets = given["merges"], [], []
    for (a, b, method), rows in merges.groupby(["task_a", "task_b", "method"], sort=False):
        rows = rows.set_index("task")
        row = {"task_a": a, "task_b": b, "method": method, "error": ""}
        for side, task in (("a", a), ("b", b)):
            row |= {f"acc_{side}": rows.accuracy[task], f"norm_acc_{side}": rows.normalised_accuracy[task]}
        wide.append(row)
    for (method, name, names), rows in given["subsets"].groupby(["method", "subset", "tasks"], sort=False):
        rows = rows.set_index("task")
        row = {"method": method, "subset_id": name, "tasks": names}
        for place, task in enumerate(names.split("|")):
            row |= {f"acc_{place}": rows.accuracy[task], f"norm_acc_{place}": rows.normalised_accuracy[task]}
        subsets.append(row)
    return {
        "metrics": given["metrics"],
        "merges": pd.DataFrame(wide),
        "singles": given["singles"].rename(columns={"fine_tuned_accuracy": "acc_accs_json"}),
        "subsets": pd.DataFrame(subsets),
        "calibration": given["calibration"].rename(columns={"n_images": "n_calib"}),
    }


def same(one, other):
    """Whether two results hold the same tables, bit by bit."""
    assert one.tables.keys() == other.tables.keys()
    for name in one.tables:
        pd.testing.assert_frame_equal(one.tables[name], other.tables[name], check_exact=True)


def reason(found, what, name):
    """Why one thing was left out."""
    rows = found.dropped[(found.dropped["what"] == what) & (found.dropped["name"] == name)]
    assert len(rows) == 1, found.dropped
    return rows["reason"].iloc[0]


def test_complete_tables_in_our_layout_come_out_as_they_went_in():
    given = made()
    found = external.complete_tables(given)
    for name in ("metrics", "merges", "subsets"):
        pd.testing.assert_frame_equal(found.tables[name], given[name], check_exact=True)
    pd.testing.assert_frame_equal(found.tables["checkpoints"], given["singles"])
    pd.testing.assert_frame_equal(found.tables["calibration_metrics"], given["calibration"])
    assert (found.tasks, found.metrics, found.methods) == (tuple(TASKS), ("cosine", "distance"), tuple(METHODS))
    assert found.dropped.empty and list(found.dropped.columns) == ["what", "name", "reason"]


def test_both_layouts_say_the_same():
    given = made()
    same(
        external.complete_tables(given),
        external.complete_tables(published_layout(given), external.Choice(metrics=["cosine", "distance"])),
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_neither_the_order_of_rows_nor_that_of_the_tasks_in_a_pair_matters(seed, wide):
    given, rng = made(), np.random.default_rng(seed)
    layout = (published_layout if wide else dict)(given)
    for name in ("metrics", "merges", "calibration"):
        table = layout[name].copy()
        turned = rng.uniform(size=len(table)) < 0.5
        for left in [column for column in table if column.endswith("_a")]:
            right = left[:-1] + "b"
            table.loc[turned, [left, right]] = table.loc[turned, [right, left]].to_numpy()
        layout[name] = table
    for name in ("metrics", "merges", "subsets"):
        layout[name] = layout[name].sample(frac=1, random_state=seed)
    chosen = external.Choice(metrics=["cosine", "distance"], methods=METHODS)
    wanted, found = external.complete_tables(given, chosen), external.complete_tables(layout, chosen)
    order = ["method", "subset", "task"]  # subsets keep the order of their file
    for result in (wanted, found):
        result.tables["subsets"] = result.tables["subsets"].sort_values(order, ignore_index=True)
    same(wanted, found)


def test_a_normalised_accuracy_that_is_not_given_is_accuracy_over_the_fine_tuned_accuracy():
    given = made()
    wanted = given["merges"].accuracy / given["merges"].task.map(ACCURACY)
    for name in ("merges", "subsets"):
        given[name] = given[name].drop(columns="normalised_accuracy")
    found = external.complete_tables(given)
    assert found.tables["merges"].normalised_accuracy.to_numpy() == pytest.approx(wanted.to_numpy(), abs=1e-15)


def test_metrics_and_methods_need_not_be_ours_and_extra_columns_of_singles_are_ignored():
    given = made()
    given["singles"]["n_parameters"] = "many"
    assert external.complete_tables(given).metrics == ("cosine", "distance")


def test_what_is_not_chosen_is_left_out_and_said():
    found = external.complete_tables(made(), external.Choice(tasks=TASKS[:4], metrics=["distance"], methods=["average"]))
    assert (found.tasks, found.metrics, found.methods) == (tuple(TASKS[:4]), ("distance",), ("average",))
    assert len(found.tables["metrics"]) == 6 and len(found.tables["merges"]) == 12
    assert reason(found, "task", "foxes") == "not chosen by `tasks`"
    assert reason(found, "metric", "cosine") == "not chosen by `metrics`"
    assert reason(found, "method", "tsv") == "not chosen by `methods`"
    assert set(found.tables["subsets"].method) == {"average"}
    assert not found.tables["subsets"].tasks.str.contains("foxes").any()
    assert "calibration_metrics" not in found.tables, "none of its metrics is chosen"
    assert "no row of it" in reason(found, "table", "calibration")


def test_a_method_that_is_not_chosen_may_be_incomplete():
    given = made()
    given["merges"].loc[given["merges"].method == "tsv", "accuracy"] = np.nan
    assert len(external.complete_tables(given, external.Choice(methods=["average"])).tables["metrics"]) == 15


def test_an_incomplete_pair_is_left_out_with_every_reason():
    given = published_layout(made())
    metrics, merges = given["metrics"], given["merges"]
    metrics.loc[0, "cosine"], metrics.loc[1, "distance"] = np.nan, np.inf
    failed = (merges.task_a == "bees") & (merges.task_b == "ants") & (merges.method == "tsv")
    merges.loc[failed, ["acc_a", "acc_b", "norm_acc_a", "norm_acc_b"]] = np.nan
    merges.loc[failed, "error"] = "out\nof   memory"
    merges.loc[(merges.task_a == "cats") & (merges.task_b == "dogs"), "acc_b"] = np.nan
    given["merges"] = merges.drop(merges[(merges.task_b == "foxes") & (merges.task_a == "elks")].index)
    given["metrics"] = metrics.drop(metrics[(metrics.task_b == "foxes") & (metrics.task_a == "bees")].index)
    found = external.complete_tables(given, external.Choice(metrics=["cosine", "distance"]))
    assert reason(found, "pair", "bees__ants") == "cosine is missing; tsv failed: out of memory"
    assert reason(found, "pair", "bees__cats") == "distance is not finite"
    assert reason(found, "pair", "cats__dogs") == (
        "tsv: the accuracy on dogs is missing; average: the accuracy on dogs is missing"
    )
    assert reason(found, "pair", "elks__foxes") == "tsv did not merge it; average did not merge it"
    assert reason(found, "pair", "bees__foxes") == "has no row in the table of metrics"
    kept = set(found.tables["metrics"][["task_a", "task_b"]].itertuples(index=False, name=None))
    assert len(kept) == 10
    assert set(found.tables["merges"][["task_a", "task_b"]].itertuples(index=False, name=None)) == kept
    assert set(found.tables["calibration_metrics"][["task_a", "task_b"]].itertuples(index=False, name=None)) == kept


def test_a_task_without_any_complete_pair_is_left_out_and_its_subsets_with_it():
    given = made()
    given["metrics"].loc[given["metrics"].task_b == "foxes", "cosine"] = np.nan
    found = external.complete_tables(given)
    assert found.tasks == tuple(TASKS[:5])
    assert reason(found, "task", "foxes") == "no pair of it is complete"
    gone = given["subsets"].loc[given["subsets"].tasks.str.contains("foxes"), "subset"].unique()
    assert len(gone) and all(reason(found, "subset", name) == "task foxes is left out" for name in gone)


def test_a_subset_is_used_for_all_methods_or_none():
    given = made()
    subsets = given["subsets"]
    subsets.loc[(subsets.subset == "11") & (subsets.method == "tsv") & (subsets.task == "ants"), "accuracy"] = np.nan
    given["subsets"] = subsets.drop(subsets[(subsets.subset == "12") & (subsets.method == "average")].index)
    found = external.complete_tables(given)
    assert reason(found, "subset", "11") == "tsv: an accuracy is missing"
    assert reason(found, "subset", "12") == "average did not merge it"
    assert found.tables["subsets"].groupby("method").subset.nunique().to_dict() == {"tsv": 3, "average": 3}


def test_only_the_incomplete_row_of_a_calibration_size_is_left_out():
    given = made()
    given["calibration"].loc[0, "cosine"] = np.nan
    found = external.complete_tables(given)
    assert reason(found, "calibration", "bees__ants at 2 images") == "cosine missing"
    assert found.tables["calibration_metrics"].groupby("n_images").size().to_dict() == {2: 14, 8: 15}


def test_a_metric_of_the_published_layout_that_repeats_another_is_left_out_unless_it_is_chosen():
    given = published_layout(made())
    given["metrics"] = given["metrics"].rename(columns={"cosine": "subspace_overlap"}).assign(
        again=given["metrics"].cosine / np.sqrt(10), other=np.arange(15.0)
    )  # fmt: skip
    found = external.complete_tables(given)
    assert found.metrics == ("subspace_overlap",)
    assert reason(found, "metric", "again") == "0.3162 times subspace_overlap in every pair: the same metric twice"
    assert reason(found, "metric", "other") == "none of the published metrics"
    assert external.complete_tables(given, external.Choice(metrics=["again", "other"])).metrics == ("again", "other")


def test_names_are_kept_as_written_in_files(tmp_path):
    given = made()
    renamed = {"bees": "007", "ants": "NA"}
    for name, table in given.items():
        table = table.replace(renamed)
        if name == "subsets":
            table["tasks"] = table.tasks.str.replace("bees", "007").str.replace("ants", "NA")
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    files = {name: str(tmp_path / f"{name}.csv") for name in given}
    found = external.read_tables(files, {"tasks": "all", "metrics": "all", "methods": "all"}, "settings.mine")
    assert found.tasks[:2] == ("007", "NA") and found.dropped.empty
    assert (found.tables["metrics"].cosine == given["metrics"].cosine).all(), "numbers survive to the last bit"


def put(name, row, column, value):
    def change(given):
        given[name][column] = given[name][column].astype(object)
        given[name].loc[row, column] = value

    return change


def twice(name):
    def change(given):
        given[name] = pd.concat([given[name], given[name].iloc[[3]]], ignore_index=True)

    return change


def without(name, column):
    def change(given):
        given[name] = given[name].drop(columns=column)

    return change


def scaled(given):
    given["merges"]["normalised_accuracy"] *= 1.01


def indexed(given):
    given["metrics"].insert(0, "Unnamed: 0", range(15))


def emptied(given):
    given["metrics"]["cosine"] = np.nan


def renamed_subset(given):
    given["subsets"]["subset"] = given["subsets"]["subset"].replace("12", "11")


def smaller_subset(given):
    given["subsets"] = given["subsets"].replace("bees|ants|cats", "bees|ants")


FAULTS = {
    "a column missing": (without("merges", "accuracy"), "table merges: lacks the column 'accuracy'; its columns are task_a"),
    "a pair column missing": (without("metrics", "task_b"), "table metrics: lacks the column 'task_b'"),
    "no metric": (without("metrics", ["cosine", "distance"]), "table metrics: has no column beside task_a and task_b"),
    "no accuracies": (without("singles", "fine_tuned_accuracy"), "table singles: lacks the column 'fine_tuned_accuracy'"),
    "a pair twice": (twice("metrics"), "table metrics: pair bees__dogs stands there twice; remove one row"),
    "a merge twice": (twice("merges"), "table merges: pair bees__cats, method tsv, task cats stands there twice"),
    "a task twice": (twice("singles"), "table singles: task dogs stands there twice"),
    "a subset twice": (twice("subsets"), "table subsets: method tsv, subset 12, task bees stands there twice"),
    "a size twice": (twice("calibration"), "table calibration: pair bees__dogs, images 2 stands there twice"),
    "a pair of one task": (put("metrics", 0, "task_b", "bees"), "table metrics: row 1: task 'bees' is paired with itself"),
    "an unknown task": (put("metrics", 2, "task_a", "ant"), "row 3: unknown task 'ant'; did you mean 'ants'"),
    "a task of another pair": (put("merges", 0, "task", "elks"), "row 1: task 'elks' is not one of the pair bees__ants"),
    "a text for a metric": (
        put("metrics", 4, "cosine", "high"),
        "table metrics: row 5 (ants__dogs): cosine is 'high', no number; correct it or leave it empty",
    ),
    "a text for an accuracy": (put("merges", 1, "accuracy", "0,81"), "row 2 (bees__ants): accuracy is '0,81', no number"),
    "a truth for a number": (put("metrics", slice(None), "cosine", True), "row 1 (bees__ants): cosine is 'True', no number"),
    "per cent": (put("merges", 1, "accuracy", 81.0), "row 2 (bees__ants): accuracy is '81.0', no accuracy; give a share"),
    "a fine-tuned accuracy of 0": (put("singles", 1, "fine_tuned_accuracy", 0.0), "task 'ants': fine_tuned_accuracy is"),
    "a name that is no file name": (put("singles", 1, "task", "a b"), "table singles: row 2: task is 'a b'; a task takes"),
    "a method that is no file name": (put("merges", 0, "method", "a/b"), "row 1: method is 'a/b'; a method takes letters"),
    "contradicting tables": (scaled, "table merges: pair bees__ants, method tsv, task bees: normalised accuracy is"),
    "an index column": (indexed, "table metrics: has a column without a name; write the table without its index"),
    "nothing complete": (emptied, "none of its 15 pairs is complete; most often: cosine is missing (15 pairs)"),
    "one subset of two kinds": (renamed_subset, "table subsets: subset 11 has other tasks in another row"),
    "subsets of two sizes": (smaller_subset, "table subsets: has subsets of 2 and of 3 tasks; bring those of one size"),
    "an unknown task of a subset": (put("subsets", 0, "tasks", "bees|ants|cat"), "unknown task 'cat'; did you mean 'cats'"),
    "a task twice in a subset": (put("subsets", 0, "tasks", "bees|ants|ants"), "row 1: tasks is 'bees|ants|ants'; give two"),
    "half an image": (put("calibration", 0, "n_images", 2.5), "row 1: n_images is 2.5; give a whole number of images"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_that_names_table_row_and_column(fault):
    change, line = FAULTS[fault]
    given = made()
    change(given)
    with pytest.raises(MergecastError) as told:
        external.complete_tables(given)
    assert line in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("chosen", "line"),
    [
        ({"tasks": ["ants", "bes"]}, "settings.mine.tasks: unknown task 'bes'; did you mean 'bees'"),
        ({"metrics": ["cosin"]}, "settings.mine.metrics: unknown metric 'cosin'; did you mean 'cosine'"),
        ({"methods": ["tvs"]}, "settings.mine.methods: unknown method 'tvs'; did you mean 'tsv'"),
        (
            {"tasks": ["ants", "bees", "cats"]},
            "settings.mine: 3 tasks have complete pairs; leave-one-task-out needs at least 4",
        ),
    ],
)
def test_a_choice_that_cannot_be_is_one_line(chosen, line):
    with pytest.raises(MergecastError) as told:
        external.complete_tables(made(), external.Choice(**chosen), where="settings.mine")
    assert line in str(told.value)


def test_errors_name_the_file(tmp_path):
    given = made()
    twice("merges")(given)
    for name, table in given.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    files = {name: str(tmp_path / f"{name}.csv") for name in ("metrics", "merges", "singles")}
    chosen = {"tasks": "all", "metrics": "all", "methods": "all"}
    with pytest.raises(MergecastError, match=r"merges\.csv: pair bees__cats, method tsv, task cats stands there twice"):
        external.read_tables(files, chosen, "settings.mine")
    with pytest.raises(MergecastError, match=r"settings\.mine\.tables\.merges: 'no\.csv' is no file"):
        external.read_tables(files | {"merges": "no.csv"}, chosen, "settings.mine")


def test_a_copied_table_of_merges_is_told_whatever_its_order():
    one, other = made()["merges"], made(seed=1)["merges"]
    copy = one.rename(columns={"task_a": "task_b", "task_b": "task_a"}).sample(frac=1, random_state=0).iloc[5:]
    assert compare.copies({"one": one, "other": other}) == []
    (line,) = compare.copies({"one": one, "other": other, "copy": copy})
    assert line.startswith("copy: its merges are a copy of those of one: all 55 accuracies that both have are bit-identical")
    nearly = copy.assign(accuracy=np.where(np.arange(len(copy)) == 7, np.nextafter(copy.accuracy, 1), copy.accuracy))
    assert compare.copies({"one": one, "nearly": nearly}) == [], "one last bit is enough to differ"
    assert compare.copies({"one": one.iloc[:4], "other": one.iloc[4:]}) == [], "nothing in common is no copy"


def test_a_folder_gives_its_whole_settings_and_says_what_others_lack(tmp_path):
    for name in ("metrics_A-1.csv", "merges_A-1.csv", "finetune_A-1.csv", "calibration_A-1.csv", "merges_B.csv", "notes.csv"):
        (tmp_path / name).write_text("")
    whole, lacking = folder.find(str(tmp_path))
    assert list(whole) == ["A-1"] and set(whole["A-1"]) == {"metrics", "merges", "singles", "calibration"}
    assert whole["A-1"]["singles"] == str(tmp_path / "finetune_A-1.csv")
    assert lacking == {"B": ["metrics_B.csv", "finetune_B.csv"]}


def test_a_folder_that_holds_no_setting_or_is_none_is_one_line(tmp_path):
    with pytest.raises(MergecastError, match="holds no setting with all of metrics_SETTING.csv, merges_SETTING.csv"):
        folder.find(str(tmp_path))
    with pytest.raises(MergecastError, match="'nowhere' is no folder; give the folder that holds the published tables"):
        folder.find("nowhere")


@pytest.fixture(scope="module")
def published(shared):
    if not (shared / "published").is_dir():
        pytest.skip(f"no published tables at {shared / 'published'}")
    return shared / "published"


@pytest.fixture(scope="module")
def imported(published):
    """The published setting, five methods of six."""
    files = folder.find(str(published))[0]["ViT-B-16_AdamW"]
    return external.read_tables(files, {"tasks": "all", "metrics": "all", "methods": PUBLISHED_METHODS}, "settings.published")


def test_the_published_setting_has_185_pairs_28_metrics_and_20_tasks(imported, published):
    assert len(imported.tables["metrics"]) == 185
    assert len(imported.tables["merges"]) == 185 * 5 * 2
    assert (len(imported.metrics), len(imported.tasks), imported.methods) == (28, 20, tuple(PUBLISHED_METHODS))
    assert folder.find(str(published))[1] == {"ViT-B-16_SGD": ["finetune_ViT-B-16_SGD.csv"]}


def test_the_published_accuracies_are_those_of_the_file(imported, published):
    wide = pd.read_csv(published / "merges_ViT-B-16_AdamW.csv").set_index(["task_a", "task_b", "method"])
    rows = imported.tables["merges"].sample(100, random_state=0)
    for row in rows.itertuples():
        side = "a" if row.task == row.task_a else "b"
        there = wide.loc[(row.task_a, row.task_b, row.method)]
        assert (row.accuracy, row.normalised_accuracy) == (there[f"acc_{side}"], there[f"norm_acc_{side}"])


def test_what_is_left_out_of_the_published_tables_is_what_the_reference_says(imported):
    dropped = imported.dropped[imported.dropped["what"] != "calibration"]
    assert dict(zip(dropped["what"] + " " + dropped["name"], dropped["reason"].str[:28], strict=True)) == {
        "metric right_subspace_overlap": "0.3162 times right_subspace_",
        "method isotropic": "not chosen by `methods`",
        "pair MNIST__Flowers102": "tsv failed: CUDA out of memo",
        "pair MNIST__FER2013": "tsv failed: CUDA out of memo",
        "pair Cars__RenderedSST2": "input_gradient_dot_product i",
        "pair EuroSAT__MNIST": "encoder_gradient_dot_product",
        "pair SVHN__CIFAR100": "input_gradient_cosine_simila",
    }


def test_published_subsets_and_calibration_come_along(imported, published):
    subsets = imported.tables["subsets"]
    assert (subsets.subset.nunique(), len(subsets), set(subsets.tasks.str.count(r"\|"))) == (200, 200 * 5 * 5, {4})
    wide = pd.read_csv(published / "subsets5_ViT-B-16_AdamW.csv")
    mean = subsets.groupby(["method", subsets.subset.astype(int)]).normalised_accuracy.mean()
    assert mean[wide.set_index(["method", "subset_id"]).index].to_numpy() == pytest.approx(wide.norm_acc_avg, abs=1e-7)
    calibration = imported.tables["calibration_metrics"]
    assert set(calibration.n_images) == {2, 5, 30, 100, 200} and calibration.notna().all(axis=None)
    assert len(calibration) + (imported.dropped["what"] == "calibration").sum() == 5 * 185


def test_the_published_sgd_merges_are_a_copy(imported, published):
    sgd = folder.merges(str(published), "ViT-B-16_SGD")
    (line,) = compare.copies({"AdamW": imported.tables["merges"], "SGD": sgd})
    assert "all 1850 accuracies that both have are bit-identical" in line


def test_reading_the_tables_back_gives_them_again(imported, tmp_path):
    files = {}
    for name, of in (("metrics", "metrics"), ("merges", "merges"), ("singles", "checkpoints"), ("subsets", "subsets"),
                     ("calibration", "calibration_metrics")):  # fmt: skip
        files[name] = str(tmp_path / f"{name}.csv")
        imported.tables[of].to_csv(files[name], index=False)
    again = external.read_tables(files, {"tasks": "all", "metrics": "all", "methods": "all"}, "settings.again")
    assert again.dropped.empty
    for name in ("metrics", "merges", "checkpoints", "subsets", "calibration_metrics"):
        pd.testing.assert_frame_equal(again.tables[name], imported.tables[name], check_exact=True)
    assert tables.read(files["merges"]).shape == imported.tables["merges"].shape


def test_a_forecaster_of_checkpoints_named_for_tables_is_one_line_and_all_leaves_it_out():
    kinds = prediction.kinds()
    with pytest.raises(
        MergecastError, match="^settings.s.predictors: 'mixed' is fitted on features of checkpoints, which tables"
    ):
        resolving._of_brought_tables("settings.s", ["ridge", "mixed"], kinds)
    left = set(kinds) - set(resolving._of_brought_tables("settings.s", "all", kinds))
    assert left == {name for name in kinds if prediction.inputs(name) in ("zero-shot", "traits")} and "mixed" in left
