"""The command line: what it prints and writes, and one line for each bad input."""

import json
import subprocess
import sys

import pytest
import torch

import study
from mergecast import __version__, merging, metrics, prediction
from mergecast.cli import main
from mergecast.models.checkpoints import State, content_hash, open_checkpoint, save

SHAPES = {
    "visual.conv1.weight": (12, 3, 2, 2),
    "visual.proj": (12, 12),
    "visual.transformer.resblocks.0.attn.out_proj.weight": (12, 12),
}


def write(folder, name, seed, metadata={}, change={}):
    """A checkpoint; of seed 0 the base, of any other that base moved by a third of its length."""

    def drawn(seed):
        stream = torch.Generator().manual_seed(seed)
        return {tensor: torch.randn(shape, generator=stream) for tensor, shape in SHAPES.items()}

    state = drawn(0) if not seed else {name: tensor + 0.3 * drawn(seed)[name] for name, tensor in drawn(0).items()}
    save(folder / f"{name}.safetensors", state | change, metadata)
    return str(folder / f"{name}.safetensors")


@pytest.fixture
def files(tmp_path):
    """Paths of a base and of three models, and of an output that is not there yet."""
    paths = {name: write(tmp_path, name, seed) for seed, name in enumerate(("base", "a", "b", "c"))}
    return paths | {"out": str(tmp_path / "out.safetensors"), "folder": tmp_path}


@pytest.fixture
def run(capsys):
    """Run the command line; its exit code, output and error output."""

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return (end.value.code, *capsys.readouterr())

    return call


def test_the_version_is_the_packages(run):
    assert run("--version") == (0, f"mergecast {__version__}\n", "")


def test_the_version_is_shown_without_loading_torch():
    code = "import sys; from mergecast.cli import main\ntry: main(['--version'])\nfinally: print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert done.stdout.splitlines() == [f"mergecast {__version__}", "False"]


def test_metrics_as_json_are_the_librarys_numbers_of_the_weights(run, files):
    from mergecast.features._pair import pair_features

    code, out, err = run("metrics", files["base"], files["a"], files["b"], "--json")
    base = open_checkpoint(files["base"])
    expected = metrics.compute_all(pair_features(base, State(files["a"]), State(files["b"])))
    assert (code, err) == (0, "")
    assert json.loads(out) == expected and expected.keys() >= set(study.OF_WEIGHTS)


def test_metrics_without_json_are_a_table_of_the_same_numbers(run, files):
    values = json.loads(run("metrics", files["base"], files["a"], files["b"], "--json")[1])
    code, out, _ = run("metrics", files["base"], files["a"], files["b"])
    rows = {line.split()[0]: line.split()[-1] for line in out.splitlines()[1:-1]}
    assert code == 0 and rows == {name: f"{value:.6g}" for name, value in values.items()}
    assert out.splitlines()[-1].startswith(f"seen: {len(SHAPES)} tensors, of these ")


def test_metrics_of_a_model_with_itself_say_that_it_is_the_same(run, files):
    values = json.loads(run("metrics", files["base"], files["a"], files["a"], "--json")[1])
    assert values["task_vector_cosine_similarity"] == 1 and values["task_vector_l2_distance"] == 0


@pytest.mark.parametrize("method", merging.methods())
def test_a_merge_on_the_command_line_is_the_librarys_with_its_origin_in_the_header(run, files, method):
    inputs = [files["a"], files["b"], files["c"]]
    code, out, err = run("merge", method, files["base"], *inputs, "--output", files["out"])
    assert (code, out, err) == (0, f"{files['out']}: {method} of a, b, c\n", "")
    base, models = State(files["base"]), {name: State(files[name]) for name in "abc"}
    expected = merging.merge(method, base, models)
    merged = open_checkpoint(files["out"], base)
    assert all(torch.equal(merged[name], expected[name]) for name in base)
    header = merged.metadata
    assert header["method"] == method and json.loads(header["parameters"]) == merging.parameters(method)
    assert header["base_sha256"] == content_hash(base)
    assert json.loads(header["models"]) == {name: content_hash(models[name]) for name in "abc"}
    assert json.loads(header["versions"])["mergecast"] == __version__


def test_parameters_are_set_by_name_and_recorded(run, files):
    settings = ["--set", "keep=0.5", "--set", "trim=global", "--set", "scale=1"]
    assert run("merge", "ties", files["base"], files["a"], files["b"], "--output", files["out"], *settings)[0] == 0
    expected = {"keep": 0.5, "scale": 1.0, "trim": "global", "sign": "mass"}
    assert json.loads(State(files["out"]).metadata["parameters"]) == expected
    base, models = State(files["base"]), {name: State(files[name]) for name in "ab"}
    merged = merging.merge("ties", base, models, expected)
    assert all(torch.equal(State(files["out"])[name], merged[name]) for name in base)


def test_defaults_can_be_set_as_they_are_listed(run, files):
    for line in run("list", "methods")[1].splitlines():
        name, _, rest = line.partition(" — ")[0].partition(" (")
        settings = [part for text in filter(None, rest.rstrip(")").split(", ")) for part in ("--set", text)]
        assert run("merge", name, files["base"], files["a"], files["b"], "--output", files["out"], *settings)[0] == 0
        assert json.loads(State(files["out"]).metadata["parameters"]) == merging.parameters(name)


def test_a_model_is_called_by_the_task_in_its_header(run, files):
    named = write(files["folder"], "some_file", 7, {"task": "letters"})
    assert run("merge", "dare", files["base"], files["a"], named, "--output", files["out"])[1].endswith("of a, letters\n")
    assert json.loads(State(files["out"]).metadata["models"]).keys() == {"a", "letters"}


def test_an_older_output_is_replaced(run, files):
    for method in ("weight_avg", "ties"):
        assert run("merge", method, files["base"], files["a"], files["b"], "--output", files["out"])[0] == 0
        assert State(files["out"]).metadata["method"] == method


def test_lists_say_all_there_is_in_one_line_each(run):
    def listed(kind):
        code, out, err = run("list", kind)
        assert (code, err) == (0, "")
        lines = dict(line.split(" — ", 1) for line in out.splitlines())
        assert all(len(words) > 20 for words in lines.values())
        return {line.split(" (")[0]: line for line in lines}

    assert tuple(listed("metrics")) == tuple(metrics.catalogue())
    assert tuple(listed("predictors")) == tuple(prediction.kinds())
    assert tuple(methods := listed("methods")) == merging.methods()
    assert methods["weight_avg"] == "weight_avg (weights=null)"
    assert methods["ties"] == "ties (keep=0.2, scale=0.3, trim=tensor, sign=mass)"


def reshaped(folder):
    return write(folder, "reshaped", 4, change={"visual.proj": torch.zeros(12, 11)})


def with_nan(folder):
    return write(folder, "with_nan", 4, change={"visual.proj": torch.full((12, 12), torch.nan)})


def rekeyed(folder):
    return write(folder, "rekeyed", 4, change={"visual.extra": torch.zeros(1)})


def of_another_base(folder):
    return write(folder, "of_another_base", 4, {"base_sha256": "0" * 64})


def of_one_task(folder):
    return write(folder, "of_one_task", 4, {"task": "a"})


def truncated(folder):
    path = folder / "truncated.safetensors"
    path.write_bytes((folder / "a.safetensors").read_bytes()[:-100])
    return str(path)


def missing(folder):
    return str(folder / "missing.safetensors")


def no_tensors(folder):
    path = folder / "no_tensors.safetensors"
    path.write_text("a pickle, perhaps")
    return str(path)


BAD_MODELS = {
    missing: ["missing.safetensors", "no such file"],
    truncated: ["truncated.safetensors", "not a whole safetensors file"],
    no_tensors: ["no_tensors.safetensors", "not a whole safetensors file"],
    reshaped: ["reshaped.safetensors", "'visual.proj'", "(12, 11)"],
    rekeyed: ["rekeyed.safetensors", "'visual.extra'"],
    with_nan: ["with_nan.safetensors", "'visual.proj'", "NaN"],
    of_another_base: ["of_another_base.safetensors", "another base"],
}


def one_line(result, *words):
    code, out, err = result
    assert (code, out) == (1, "")
    assert err.startswith("mergecast: error: ") and err.count("\n") == 1 and err.endswith("\n")
    assert all(word in err for word in words), err


@pytest.mark.parametrize("make", BAD_MODELS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("command", ["merge", "metrics"])
def test_a_bad_checkpoint_ends_in_one_line_and_no_file(run, files, command, make):
    bad = make(files["folder"])
    before = sorted(files["folder"].iterdir())
    rest = ["--output", files["out"]] if command == "merge" else ["--json"]
    command = ["merge", "weight_avg"] if command == "merge" else ["metrics"]
    one_line(run(*command, files["base"], files["a"], bad, *rest), *BAD_MODELS[make])
    assert sorted(files["folder"].iterdir()) == before


@pytest.mark.parametrize(
    ("method", "settings", "words"),
    [
        ("tie", [], ["unknown method 'tie'", "did you mean 'ties'"]),
        ("ties", ["kep=0.1"], ["'kep'", "did you mean 'keep'"]),
        ("ties", ["keep=2"], ["'keep' is 2", "at most 1"]),
        ("ties", ["keep=a lot"], ["'keep' is 'a lot'"]),
        ("ties", ["scale=NaN"], ["'scale' is nan", "finite"]),
        ("ties", ["keep"], ["--set keep", "KEY=VALUE"]),
        ("ties", ["=1"], ["--set =1", "KEY=VALUE"]),
        ("ties", ["keep=0.1", "keep=0.2"], ["'keep' is set twice"]),
        ("weight_avg", ["scale=1"], ["'scale'", "Known: weights"]),
        ("tall_masks", ["agree=3"], ["'agree' is 3", "number of models"]),
        ("task_arithmetic", ["scale=1e300"], ["overflows", "smaller scale"]),
        ("task_arithmetic", ["scale=[0.5]"], ["'scale' has length 1 for 2 models"]),
        ("weight_avg", ["weights=[1,2,3]"], ["'weights' has length 3 for 2 models"]),
        ("weight_avg", ["weights=[1,-1]"], ["the weights sum to 0"]),
    ],
)
def test_a_bad_method_or_parameter_ends_in_one_line_and_no_file(run, files, method, settings, words):
    before = sorted(files["folder"].iterdir())
    given = [part for setting in settings for part in ("--set", setting)]
    one_line(run("merge", method, files["base"], files["a"], files["b"], "--output", files["out"], *given), *words)
    assert sorted(files["folder"].iterdir()) == before


def test_parameters_are_checked_before_any_file_is_opened(run, files):
    one_line(run("merge", "dare", "nowhere", "a", "b", "--output", files["out"], "--set", "drop=1"), "'drop' is 1")


def test_one_model_is_refused_by_a_method_that_means_nothing_for_it(run, files):
    one_line(run("merge", "ties", files["base"], files["a"], "--output", files["out"]), "at least 2 models, got 1")


def test_one_model_is_enough_where_the_method_means_something_for_it(run, files):
    arguments = ["merge", "task_arithmetic", files["base"], files["a"], "--output", files["out"], "--set", "scale=-0.5"]
    assert run(*arguments) == (0, f"{files['out']}: task_arithmetic of a\n", "")
    base, model, merged = (State(files[name]) for name in ("base", "a", "out"))
    assert all(torch.allclose(merged[name], base[name] - 0.5 * (model[name] - base[name]), atol=1e-6) for name in base)


def test_a_list_is_in_the_order_of_the_command_line_and_its_values_are_recorded_by_model(run, files):
    headers = []
    for order, scale in ((("b", "a"), "[0.7,-0.3]"), (("a", "b"), "[-0.3,0.7]"), (("a", "b"), '{"a":-0.3,"b":0.7}')):
        inputs = [files[name] for name in order]
        arguments = ["merge", "task_arithmetic", files["base"], *inputs, "--output", files["out"], "--set", f"scale={scale}"]
        assert run(*arguments)[0] == 0
        headers.append((State(files["out"]).metadata["parameters"], content_hash(State(files["out"]))))
    assert len(set(headers)) == 1 and json.loads(headers[0][0]) == {"scale": {"a": -0.3, "b": 0.7}}
    base, a, b, merged = (State(files[name]) for name in ("base", "a", "b", "out"))
    for name in base:
        expected = base[name] - 0.3 * (a[name] - base[name]) + 0.7 * (b[name] - base[name])
        assert torch.allclose(merged[name], expected, atol=1e-6)


def test_models_of_one_file_name_are_called_by_their_folders(run, files):
    for seed, task in enumerate(("cars", "signs"), 1):
        (files["folder"] / task).mkdir()
        write(files["folder"] / task, "finetuned", seed)
    inputs = [str(files["folder"] / task / "finetuned.safetensors") for task in ("cars", "signs")]
    code, out, err = run("merge", "dare", files["base"], *inputs, "--output", files["out"])
    assert (code, out, err) == (0, f"{files['out']}: dare of cars, signs\n", "")
    assert json.loads(State(files["out"]).metadata["models"]).keys() == {"cars", "signs"}
    zeros = write(files["folder"] / "cars", "finetuned", 0)
    for name in ("cars", "signs"):
        write(files["folder"] / name, "finetuned", 0)
    one_line(run("metrics", files["base"], zeros, inputs[1]), "cars__signs")


def test_a_name_on_the_command_line_is_what_the_model_is_called_and_drawn_by(run, files):
    twin = of_one_task(files["folder"])
    for given in ((f"x={files['a']}", f"y={twin}"), (f"y={twin}", f"x={files['a']}")):
        assert run("merge", "dare", files["base"], *given, "--output", files["out"])[1].endswith("dare of x, y\n")
        base = State(files["base"])
        expected = merging.merge("dare", base, {"x": State(files["a"]), "y": State(twin)})
        assert all(torch.equal(State(files["out"])[name], expected[name]) for name in base)


def test_the_very_same_file_twice_is_refused(run, files):
    again = files["folder"] / "again.safetensors"
    again.symlink_to(files["a"])
    for second in (files["a"], again, f"other={files['a']}"):
        arguments = ["merge", "weight_avg", files["base"], files["a"], second, "--output", files["out"]]
        one_line(run(*arguments), "is given twice")


def test_an_input_is_never_overwritten(run, files):
    for target in ("base", "b"):
        before = content_hash(State(files[target]))
        arguments = ["merge", "ties", files["base"], files["a"], files["b"], "--output", files[target]]
        one_line(run(*arguments), files[target], "name another file")
        assert content_hash(State(files[target])) == before


def test_an_output_of_another_kind_is_refused(run, files):
    one_line(run("merge", "ties", files["base"], files["a"], files["b"], "--output", "out.pt"), "out.pt", ".safetensors")


def test_an_output_that_cannot_be_written_is_named(run, files):
    target = f"{files['a']}/out.safetensors"
    arguments = ["merge", "ties", files["base"], files["b"], files["c"], "--output", target]
    one_line(run(*arguments), target, "cannot be written")


def test_metrics_that_are_undefined_are_named(run, files):
    one_line(run("metrics", files["base"], files["base"], files["b"], "--json"), "base__b", "zero")


def test_an_unknown_list_is_refused(run):
    code, _, err = run("list", "things")
    assert code == 2 and "things" in err


@pytest.fixture
def scores(tmp_path):
    """A score table on disk, and as it is."""
    from synthetic import tables

    table = tables(6, methods=("tsv", "ties"))["scores"]
    table.to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path / "scores.csv", table


def test_scores_are_means_over_methods_predictors_first_best_first(run, scores):
    path, table = scores
    code, out, err = run("scores", path)
    rows = [line.split() for line in out.splitlines()[1:] if line.strip()]
    assert code == 0 and err == ""
    mine = table[(table.target == table.target.iloc[0]) & (table.split == "loto")]
    mean = mine.groupby("predictor").q2.mean()
    shown = {name: value for name, _, value, *_ in rows}
    assert set(shown) == set(mine.predictor)
    assert all(shown[name] == ("–" if value != value else f"{value:.3f}") for name, value in mean.items())
    kinds = [kind for _, kind, *_ in rows]
    assert kinds == sorted(kinds, reverse=True)
    values = [float(value) for _, kind, value, *_ in rows if kind == "predictor" and value != "–"]
    assert values == sorted(values, reverse=True)
    one = run("scores", path, "--method", "ties")[1]
    ties = mine[(mine.method == "ties") & (mine.predictor == "ridge")].q2.iloc[0]
    assert f"{ties:.3f}" in next(line for line in one.splitlines() if line.split()[:1] == ["ridge"])


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        ("--split", "lotto", "scores: unknown split 'lotto'; did you mean 'loto'"),
        ("--method", "tie", "scores: unknown method 'tie'; did you mean 'ties'"),
        ("--target", "acuracy", "scores: unknown target 'acuracy'"),
    ],
)
def test_scores_that_are_not_there_are_one_line(run, scores, option, value, line):
    code, out, err = run("scores", scores[0], option, value)
    assert code == 1 and out == "" and err.startswith("mergecast: error: ") and line in err and err.count("\n") == 1


def test_a_missing_score_table_is_one_line(run, tmp_path):
    code, _, err = run("scores", tmp_path / "scores.csv")
    assert code == 1 and "no such table" in err
