"""Recipes: ours and mergekit's, against its conventions written out in numpy; what is not there is refused in one line."""

import json

import numpy as np
import pytest
import torch
import yaml

from mergecast import api
from mergecast.cli import main
from mergecast.errors import MergecastError
from mergecast.models.checkpoints import State, save
from mergecast.recipes import read_recipe
from mergecast.seeding import seed_for
from states import close, state, tuned

BASE = state(0)
MODELS = tuned(BASE, 1, 2, 3)


@pytest.fixture
def folder(tmp_path):
    """A folder of recipes, beside the folder of a base and three models."""
    (tmp_path / "models").mkdir()
    for name, each in {"base": BASE, **MODELS}.items():
        save(tmp_path / f"models/{name}.safetensors", each)
    (tmp_path / "recipes").mkdir()
    return tmp_path / "recipes"


def path(name):
    return f"../models/{name}.safetensors"


def written(folder, recipe):
    """A recipe as a file."""
    (folder / "recipe.yaml").write_text(recipe if isinstance(recipe, str) else yaml.safe_dump(recipe))
    return folder / "recipe.yaml"


def kit(method, weights=(), densities=(), listed="abc", **options):
    """A recipe of mergekit for some models."""
    models = [{"model": path(name), "parameters": {}} for name in listed]
    for key, values in (("weight", weights), ("density", densities)):
        for model, value in zip(models, values, strict=False):
            model["parameters"][key] = value
    return {"merge_method": method, "base_model": path("base"), "models": models, "parameters": options}


def textbook(combine, models="abc"):
    """θ0 plus what `combine` makes of the task vectors of each tensor, in numpy."""
    merged = {}
    for name in BASE:
        base = BASE[name].double().numpy()
        found = np.stack([MODELS[task][name].double().numpy() - base for task in models])
        merged[name] = torch.from_numpy(base + combine(name, found)).float()
    return merged


def times(numbers, found):
    """Numbers, one a model, as an array that multiplies task vectors."""
    return np.reshape(numbers, (-1, *[1] * (found.ndim - 1)))


def largest(found, densities):
    """Task vectors of which the largest int(density · n) entries are left."""
    kept = np.zeros_like(found)
    for vector, left, density in zip(found, kept, densities, strict=True):
        places = np.argsort(-np.abs(vector.astype(np.float32)), axis=None)[: max(1, int(density * vector.size + 1e-9))]
        left.flat[places] = vector.flat[places]
    return kept


def drawn(name, found, densities, models="abc"):
    """Task vectors of which each entry is left with its density, and divided by it."""
    kept = np.zeros_like(found)
    for place, (task, density) in enumerate(zip(models, densities, strict=True)):
        stream = torch.Generator().manual_seed(seed_for("dare", task, name, seed=0))
        spared = torch.rand(found[place].shape, generator=stream, dtype=torch.float64).numpy() >= 1 - density
        kept[place] = found[place] * spared / density
    return kept


def elected(found, weights, normalize):
    """Weighted task vectors, added where they agree with the sign of their sum."""
    weights = np.broadcast_to(times(weights, found), found.shape)
    terms = weights * found
    agree = np.sign(terms) == np.where(terms.sum(0) >= 0, 1, -1)
    divisor = (weights * agree).sum(0)
    return (terms * agree).sum(0) / np.where((divisor == 0) | (not normalize), 1, divisor)


WEIGHTS, DENSITIES = [0.7, 0.3, -0.2], [0.5, 1.0, 0.25]
CONVENTIONS = {
    "linear": (
        kit("linear", WEIGHTS),
        lambda name, found: np.average(found, axis=0, weights=WEIGHTS),
    ),
    "linear of one sum": (
        kit("linear", [0.5, 0.25, 0.25], normalize=False),
        lambda name, found: (times([0.5, 0.25, 0.25], found) * found).sum(0),
    ),
    "linear with the base": (
        kit("linear", [1, 1, 2], listed=["a", "b", "base"]),
        lambda name, found: found[:2].sum(0) / 4,
    ),
    "task_arithmetic": (
        kit("task_arithmetic", WEIGHTS, **{"lambda": 0.5, "int8_mask": True}),
        lambda name, found: 0.5 * (times(WEIGHTS, found) * found).sum(0),
    ),
    "task_arithmetic of one": (kit("task_arithmetic", [-0.5], listed="b"), lambda name, found: -0.5 * found[1]),
    "task_arithmetic, normalised": (
        kit("task_arithmetic", WEIGHTS, normalize=True),
        lambda name, found: np.average(found, axis=0, weights=WEIGHTS),
    ),
    "weights that cancel": (
        kit("task_arithmetic", [0.5, -0.5], listed="ab", normalize=True),
        lambda name, found: 0.5 * found[0] - 0.5 * found[1],
    ),
    "one weight, overruled": (
        kit("task_arithmetic", [0.9], weight=0.2),
        lambda name, found: (times([0.9, 0.2, 0.2], found) * found).sum(0),
    ),
    "the base among the models": (
        kit("task_arithmetic", [0.9, 0.4, 0.2], listed=["base", "a", "c"]),
        lambda name, found: 0.4 * found[0] + 0.2 * found[2],
    ),
    "ties": (
        kit("ties", WEIGHTS, DENSITIES, **{"lambda": 0.5}),
        lambda name, found: 0.5 * elected(largest(found, DENSITIES), WEIGHTS, True),
    ),
    "ties, not normalised": (
        kit("ties", WEIGHTS, density=0.3, normalize=False),
        lambda name, found: elected(largest(found, [0.3] * 3), WEIGHTS, False),
    ),
    "ties of all": (kit("ties", WEIGHTS), lambda name, found: elected(found, WEIGHTS, True)),
    "dare_linear": (
        kit("dare_linear", WEIGHTS, DENSITIES, **{"lambda": 0.5}),
        lambda name, found: 0.5 * (times(WEIGHTS, found) * drawn(name, found, DENSITIES)).sum(0),
    ),
    "dare_linear, normalised, not rescaled": (
        kit("dare_linear", WEIGHTS, DENSITIES, normalize=True, rescale=False),
        lambda name, found: np.average(times(DENSITIES, found) * drawn(name, found, DENSITIES), axis=0, weights=WEIGHTS),
    ),
    "dare_ties": (
        kit("dare_ties", WEIGHTS, DENSITIES),
        lambda name, found: elected(drawn(name, found, DENSITIES), WEIGHTS, False),
    ),
    "dare_ties, normalised, not rescaled": (
        kit("dare_ties", WEIGHTS, density=0.4, normalize=True, rescale=False, **{"lambda": 0.5}),
        lambda name, found: 0.5 * elected(0.4 * drawn(name, found, [0.4] * 3), WEIGHTS, True),
    ),
}


@pytest.mark.parametrize("case", CONVENTIONS)
def test_a_recipe_of_mergekit_is_merged_by_its_conventions(folder, case):
    recipe, combine = CONVENTIONS[case]
    assert close(textbook(combine), api.merge_recipe(written(folder, recipe)))


def test_a_mean_needs_no_base_and_the_first_model_stands_for_it(folder, capsys):
    recipe = kit("linear", WEIGHTS)
    with_base = api.merge_recipe(written(folder, recipe))
    del recipe["base_model"]
    without = api.merge_recipe(written(folder, recipe), output=folder / "mean.safetensors")
    for name in with_base:
        torch.testing.assert_close(without[name], with_base[name], rtol=1e-6, atol=1e-6)
    assert json.loads(without.metadata["models"])["a"] == without.metadata["base_sha256"]
    assert "hardly differs" not in capsys.readouterr().err, "a model that stands for the base is not one that was not trained"


def ours(method, models, **keys):
    return {"method": method, "base": path("base"), "models": models} | keys


def test_a_recipe_of_ours_says_what_the_command_line_says(folder, capsys):
    models = [{"path": path("a"), "name": "cars", "weight": 0.7}, {"path": path("b"), "weight": -0.3}]
    recipe, output = written(folder, ours("task_arithmetic", models)), folder / "m.safetensors"
    with pytest.raises(SystemExit) as end:
        main(["merge", "--recipe", str(recipe), "--output", str(output)])
    assert (end.value.code, capsys.readouterr().out) == (0, f"{output}: task_arithmetic of b, cars\n")
    assert close(textbook(lambda name, found: 0.7 * found[0] - 0.3 * found[1]), State(output))
    assert json.loads(State(output).metadata["parameters"]) == {"scale": {"b": -0.3, "cars": 0.7}}


def test_models_without_weights_and_parameters_are_as_on_the_command_line(folder):
    files = [folder / path(name) for name in "abc"]
    recipe = written(folder, ours("ties", [path(name) for name in "abc"], parameters={"keep": 0.4}))
    expected = api.merge("ties", folder / path("base"), files, parameters={"keep": 0.4})
    assert close(expected, api.merge_recipe(recipe), 0)


@pytest.mark.parametrize(
    ("method", "key"),
    [("weight_avg", "weights"), ("weighted_ties", "weights"), ("dare", "scale"), ("task_arithmetic", "scale")],
)
def test_weights_of_models_are_the_parameter_of_the_method_that_holds_them(folder, method, key):
    models = [{"path": path(name), "weight": weight} for name, weight in (("a", 0.9), ("b", 0.1))]
    assert read_recipe(written(folder, ours(method, models))).parameters[key] == [0.9, 0.1]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_the_type_of_the_result_is_the_recipes(folder, dtype):
    plain = api.merge_recipe(written(folder, kit("linear", [1, 1, 1])))
    recipe = kit("linear", [1, 1, 1]) | {"dtype": dtype}
    merged = api.merge_recipe(written(folder, recipe))
    assert all(torch.equal(merged[name], plain[name].to(getattr(torch, dtype))) for name in plain)
    merged = api.merge_recipe(written(folder, recipe | {"dtype": "float32", "out_dtype": dtype}))
    assert {tensor.dtype for tensor in merged.values()} == {getattr(torch, dtype)}


def test_a_type_that_does_not_hold_the_result_is_refused_and_nothing_is_written(folder):
    recipe = written(folder, kit("task_arithmetic", [1e6], listed="a") | {"dtype": "float16"})
    with pytest.raises(MergecastError, match="overflows float16"):
        api.merge_recipe(recipe, output=folder / "m.safetensors")
    assert not (folder / "m.safetensors").exists()


SOME = [{"model": path("a"), "parameters": {"weight": 1}}]
BAD = {
    "no mapping": ("- a\n- b\n", ["holds no keys", "docs/recipes.md"]),
    "no YAML": ("method: [ties\n", ["line "]),
    "a key twice": ("method: ties\nmethod: dare\n", ["line 2", "'method' is in line 1 already"]),
    "an unreadable key": ("[a, b]: 1\nmethod: ties\n", ["cannot be read"]),
    "neither kind": ({"models": []}, ["lacks the key 'method'"]),
    "unknown key": (ours("ties", [path("a"), path("b")], modles=1), ["unknown key 'modles'", "did you mean 'models'"]),
    "unknown key of a model": (ours("ties", [{"path": path("a"), "wieght": 1}]), ["models.0", "did you mean 'weight'"]),
    "no path": (ours("ties", [{"name": "a"}]), ["models.0: lacks the key 'path'"]),
    "a number for a model": (ours("ties", [5]), ["models.0: is 5", "string or object"]),
    "unknown method": (ours("tie", [path("a"), path("b")]), ["unknown method 'tie'", "did you mean 'ties'"]),
    "unknown parameter": (ours("ties", [path("a"), path("b")], parameters={"kep": 1}), ["did you mean 'keep'"]),
    "one model": (ours("ties", [path("a")]), ["'ties'", "at least 2 models, got 1"]),
    "weights of some": (ours("dare", [{"path": path("a"), "weight": 1}, path("b")]), ["models.1: lacks the key 'weight'"]),
    "weights of none": (ours("iso_c", [{"path": path(name), "weight": 1} for name in "ab"]), ["'iso_c' takes no weight"]),
    "weights twice": (
        ours("dare", [{"path": path("a"), "weight": 1}], parameters={"scale": 2}),
        ["parameters.scale", "remove one"],
    ),
    "another type": (ours("dare", [path("a")], dtype="int8"), ["dtype: is 'int8'", "bfloat16"]),
    "no model there": (ours("dare", ["z.safetensors"]), ["z.safetensors is no file or folder"]),
    "no base there": (ours("dare", [path("a")]) | {"base": "org/base.pt"}, ["org/base.pt is no file or folder"]),
    "slices": (kit("ties") | {"slices": []}, ["slices: stacks parts of models"]),
    "tokenizer": (kit("ties") | {"tokenizer_source": "union"}, ["tokenizer_source", "it must be one of base"]),
    "mergekit's unknown key": (kit("ties", WEIGHTS) | {"out_type": "float16"}, ["unknown key 'out_type'", "'out_dtype'"]),
    "mergekit's unknown method": (kit("passthrough"), ["'passthrough' of mergekit is not there", "linear, task_arithmetic"]),
    "a method of ours": (kit("tsv"), ["'tsv' of mergekit is not there", "write `method`"]),
    "a method that is none": (kit(["ties"]), ["['ties'] of mergekit is not there"]),
    "no base": ({"merge_method": "ties", "models": SOME}, ["lacks the key 'base_model'"]),
    "nothing but the base": (kit("dare_ties", [1], listed=["base"]), ["nothing but the base"]),
    "no weight": (kit("ties", [1]), ["models.1.parameters: lacks the key 'weight'"]),
    "a weight for the base": (kit("linear", weight=1), ["parameters.weight: is also of the base"]),
    "a gradient": (kit("ties", [[0, 1], 1, 1]), ["models.0.parameters.weight", "by layer or tensor"]),
    "a filter": (kit("ties", [1, [{"filter": "mlp", "value": 1}], 1]), ["models.1.parameters.weight", "by layer or tensor"]),
    "a word for a weight": (kit("ties", ["much", 1, 1]), ["models.0.parameters.weight: is 'much'"]),
    "no number": (kit("ties", [float("nan"), 1, 1]), ["models.0.parameters.weight: is nan"]),
    "too dense": (kit("ties", WEIGHTS, [1.5]), ["models.0.parameters.density: is 1.5", "at most 1"]),
    "a density without meaning": (kit("task_arithmetic", WEIGHTS, [0.5]), ["unknown key 'density'"]),
    "a word for a flag": (kit("ties", WEIGHTS, normalize="no"), ["parameters.normalize: is 'no'", "boolean"]),
    "ties that rescales": (kit("ties", WEIGHTS, rescale=True), ["parameters.rescale: is true"]),
    "dare_ties that does not": (kit("dare_ties", WEIGHTS, DENSITIES, rescale=False), ["densities differ"]),
    "linear of another sum": (kit("linear", WEIGHTS, normalize=False), ["parameters.normalize: is false", "sum to 1"]),
    "linear of nothing": (kit("linear", [1, -1], listed="ab"), ["the weights sum to 0"]),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_with_a_recipe_is_said_in_one_line_and_nothing_is_written(folder, case, capsys):
    recipe, words = BAD[case]
    with pytest.raises(SystemExit) as end:
        main(["merge", "--recipe", str(written(folder, recipe)), "--output", str(folder / "m.safetensors")])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (1, "") and err.count("\n") == 1, err
    assert all(word in err for word in words), err
    assert "recipe.yaml" in err or case in ("one model", "linear of nothing")
    assert sorted(file.name for file in folder.iterdir()) == ["recipe.yaml"]


def test_a_model_of_a_recipe_may_be_a_repository_of_the_hub_where_no_file_has_its_name(folder):
    recipe = written(folder, ours("dare", ["org/cars"]) | {"base": "org/base"})
    found = read_recipe(recipe)
    assert (str(found.base), [str(model) for _, model in found.models]) == ("org/base", ["org/cars"])
    (folder / "org/base").mkdir(parents=True)
    assert read_recipe(recipe).base == folder / "org/base"


@pytest.mark.parametrize("name", ["nowhere.yaml", "recipe.txt"])
def test_a_recipe_that_is_no_file_of_yaml_is_named(folder, name):
    (folder / "recipe.txt").write_text("method: ties")
    with pytest.raises(MergecastError, match=f"{name}: is no file of YAML"):
        read_recipe(folder / name)


def test_a_recipe_is_all_that_is_given(folder, capsys):
    recipe = str(written(folder, ours("dare", [path("a")])))
    for more in (["ties"], ["--set", "drop=0.5"]):
        with pytest.raises(SystemExit) as end:
            main(["merge", *more, "--recipe", recipe, "--output", str(folder / "m.safetensors")])
        assert end.value.code == 1 and "give nothing else but --output" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["merge", "ties", "--output", str(folder / "m.safetensors")])
    assert end.value.code == 1 and "give METHOD BASE MODELS, or --recipe FILE" in capsys.readouterr().err
