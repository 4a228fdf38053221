"""One suite over every registered merge method, and the bad input it must refuse."""

import json
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest
import torch

import study
from mergecast import catalogue, merging
from mergecast.errors import MergecastError
from mergecast.merging import _streaming
from mergecast.models.checkpoints import State, save
from states import MATRIX, SHAPES, close, same, single, state, step, tuned

METHODS = merging.methods()


def test_the_eight_methods_of_the_study_are_there():
    assert len(study.METHODS) == 8 and set(study.METHODS) <= set(METHODS)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [2, 3])
def test_the_order_of_the_models_changes_no_bit(method, count):
    base = state(0)
    models = tuned(base, *range(1, count + 1))
    first = merging.merge(method, base, models)
    for order in permutations(models):
        assert same(first, merging.merge(method, base, {task: models[task] for task in order}))


@pytest.mark.parametrize("method", METHODS)
def test_the_inputs_are_never_changed(method):
    base = state(0)
    models = tuned(base, 1, 2)
    before = {name: {n: t.clone() for n, t in each.items()} for name, each in {"base": base, **models}.items()}
    merged = merging.merge(method, base, models)
    for tensor in merged.values():
        tensor.fill_(7.0)
    assert same(before["base"], base)
    assert all(same(before[task], models[task]) for task in models)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_types_and_shapes_are_those_of_the_base_and_every_entry_is_finite(method, dtype):
    base = state(0, dtype=dtype)
    merged = merging.merge(method, base, tuned(base, 1, 2, 3))
    assert {n: (t.dtype, t.shape) for n, t in merged.items()} == {n: (t.dtype, t.shape) for n, t in base.items()}
    assert all(torch.isfinite(tensor).all() for tensor in merged.values())


@pytest.mark.parametrize("method", METHODS)
def test_low_precision_inputs_give_the_merge_of_the_same_numbers_in_full_precision(method):
    base = state(0, dtype=torch.bfloat16)
    models = tuned(base, 1, 2)
    merged = merging.merge(method, base, models)
    full = {task: {n: t.float() for n, t in model.items()} for task, model in models.items()}
    expected = merging.merge(method, {n: t.float() for n, t in base.items()}, full)
    assert same(merged, {name: tensor.bfloat16() for name, tensor in expected.items()})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [2, 3])
def test_models_that_never_left_the_base_give_it_back(method, count):
    base = state(0)
    assert same(base, merging.merge(method, base, dict.fromkeys("abc"[:count], base)))


@pytest.mark.parametrize("method", METHODS)
def test_identical_models_are_moved_along_their_task_vector(method):
    base = state(0)
    model = tuned(base, 1)["a"]
    merged = step(merging.merge(method, base, {"a": model, "b": model}), base)
    for name, vector in step(model, base).items():
        assert (merged[name] * vector).sum() > 0


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"dare", "ties", "weighted_ties", "iso_cts"}))
def test_opposite_models_cancel(method):
    # Zero, so that θ0 ± τ are exactly opposite; what dare drops differs by task, both ties elect a sign,
    # and iso_cts keeps directions of each task.
    base = {name: torch.zeros(shape) for name, shape in SHAPES.items()}
    model = tuned(base, 1)["a"]
    merged = merging.merge(method, base, {"a": model, "b": {n: -t for n, t in model.items()}})
    assert all(tensor.abs().max() < 1e-6 for tensor in merged.values())


@pytest.mark.parametrize("method", METHODS)
def test_rank_one_task_vectors_give_finite_updates_in_proportion(method):
    base = {MATRIX: torch.zeros(6, 6)}
    stream = torch.Generator().manual_seed(3)
    models = {t: single(torch.outer(*torch.randn(2, 6, generator=stream))) for t in "ab"}
    merged = merging.merge(method, base, models)[MATRIX]
    assert torch.isfinite(merged).all()
    assert 0 < merged.norm() <= 11 * sum(model[MATRIX].norm() for model in models.values())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 2)])
@pytest.mark.parametrize("count", [2, 3])
def test_tiny_matrices_merge(method, shape, count):
    base = state(0, {MATRIX: shape})
    merged = merging.merge(method, base, tuned(base, *range(1, count + 1)))
    assert merged[MATRIX].shape == shape and torch.isfinite(merged[MATRIX]).all()


@pytest.mark.parametrize("method", METHODS)
def test_scalars_merge(method):
    base = single(2.0, "visual.scale")
    merged = merging.merge(method, base, {"a": single(3.0, "visual.scale"), "b": single(3.5, "visual.scale")})
    assert merged["visual.scale"].shape == () and torch.isfinite(merged["visual.scale"])


@pytest.mark.parametrize("method", METHODS)
def test_strided_inputs_give_the_same_bits(method):
    base = state(0)
    models = tuned(base, 1, 2)
    spread = {t: {n: torch.stack([x, x + 1], -1)[..., 0] for n, x in model.items()} for t, model in models.items()}
    assert not spread["a"][MATRIX].is_contiguous()
    assert same(merging.merge(method, base, models), merging.merge(method, base, spread))


@pytest.mark.parametrize("method", METHODS)
def test_checkpoints_read_from_files_give_the_same_bits(method, tmp_path):
    base = state(0)
    states = {"base": base, **tuned(base, 1, 2)}
    for name, each in states.items():
        save(tmp_path / f"{name}.safetensors", each)
    opened = {name: State(tmp_path / f"{name}.safetensors") for name in states}
    from_files = merging.merge(method, opened.pop("base"), opened)
    assert same(merging.merge(method, base, {t: states[t] for t in "ab"}), from_files)


@pytest.mark.parametrize("method", METHODS)
def test_one_tensor_of_each_model_is_read_at_a_time(method):
    base = state(0)
    held = []

    class Watched(dict):
        def __getitem__(self, name):
            held.append(name)
            return super().__getitem__(name)

    merging.merge(method, base, {t: Watched(m) for t, m in tuned(base, 1, 2).items()})
    assert held == [name for name in base for _ in "ab"]


CASES = [*((method, {}) for method in METHODS), ("ties", {"trim": "global"}), ("dare", {"mask": "magnitude", "drop": 0.5})]
LARGE = SHAPES | {"model.embed_tokens.weight": (30, 7), "model.layers.0.mlp.up_proj.weight": (12, 9)}


@pytest.mark.parametrize(("method", "parameters"), CASES)
@pytest.mark.parametrize("piece", [1, 13, 64])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_large_tensors_merge_in_pieces_to_the_same_bits(method, parameters, piece, dtype, monkeypatch, tmp_path):
    base = state(0, LARGE, dtype=dtype)
    models = tuned(base, 1, 2, 3)
    whole = merging.merge(method, base, models, parameters)
    for name, each in {"base": base, **models}.items():
        save(tmp_path / f"{name}.safetensors", each)
    opened = {name: State(tmp_path / f"{name}.safetensors") for name in models}
    monkeypatch.setattr(_streaming, "PIECE", piece)
    assert same(whole, merging.merge(method, base, models, parameters))
    assert same(whole, merging.merge(method, State(tmp_path / "base.safetensors"), opened, parameters))
    placed = {task: merging.Placed(model, "cpu") for task, model in opened.items()}
    assert same(whole, merging.merge(method, merging.Placed(base, "cpu"), placed, parameters))


@pytest.mark.parametrize("method", METHODS)
def test_a_large_embedding_is_never_whole_in_float64(method, monkeypatch):
    base = {"wte.weight": torch.zeros(50, 20)}
    models, sizes = tuned(base, 1, 2), []

    def watched(original, tensor, task, name, made=_streaming._task_vector):
        sizes.append(tensor.numel())
        return made(original, tensor, task, name)

    monkeypatch.setattr(_streaming, "PIECE", 100)
    monkeypatch.setattr(_streaming, "_task_vector", watched)
    merging.merge(method, base, models)
    assert set(sizes) == {100}


@pytest.mark.parametrize("method", METHODS)
def test_a_lazy_merge_is_the_merge_and_computes_a_tensor_when_it_is_asked_for(method):
    base = state(0)
    models, read = tuned(base, 1, 2), []

    class Watched(dict):
        def __getitem__(self, name):
            read.append(name)
            return super().__getitem__(name)

    lazy = merging.lazily(method, base, {task: Watched(model) for task, model in models.items()})
    assert list(lazy) == list(base) and len(lazy) == len(base) and "visual.none" not in lazy
    assert {name: (lazy.dtype(name), lazy.shape(name)) for name in lazy} == {n: (t.dtype, t.shape) for n, t in base.items()}
    assert not read
    assert torch.equal(lazy[MATRIX], merging.merge(method, base, models)[MATRIX])
    assert read == [MATRIX, MATRIX]
    assert same(dict(lazy), merging.merge(method, base, models))


@pytest.mark.parametrize(("method", "parameters"), CASES)
def test_buffers_and_empty_tensors_are_the_bases(method, parameters):
    own = {"position_ids": torch.arange(6).view(1, 6), "mask": torch.ones(3).bool(), "nothing": torch.zeros(0, 4)}
    base = state(0) | own
    models = tuned(state(0), 1, 2)
    others = {"position_ids": torch.zeros(1, 6).long(), "mask": torch.zeros(3).bool(), "nothing": torch.zeros(0, 4)}
    merged = merging.merge(method, base, {task: model | others for task, model in models.items()}, parameters)
    assert all(torch.equal(merged[name], own[name]) and merged[name] is not own[name] for name in own)
    without = merging.merge(method, state(0), models, parameters)
    assert same({name: merged[name] for name in without}, without)


@pytest.mark.parametrize("method", ["tsv", "iso_c", "iso_cts"])
def test_a_base_may_say_itself_what_is_no_matrix(method):
    class Base(dict):
        embeddings = ("out_proj",)

    base = state(0)
    models = tuned(base, 1, 2)
    mean, merged = (merging.merge(name, Base(base), models)[MATRIX] for name in ("weight_avg", method))
    assert torch.allclose(merged, mean, atol=1e-6)
    assert torch.equal(merged, merging.merge(method, merging.Placed(Base(base), "cpu"), models)[MATRIX])
    assert not torch.allclose(merging.merge(method, base, models)[MATRIX], mean, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_parameters_of_the_signature_and_their_ranges_are_the_same_names(method):
    assert merging.parameters(method).keys() == merging.ranges(method).keys()
    assert merging.check_parameters(method) == merging.parameters(method)
    assert all(fragment["description"] for fragment in merging.ranges(method).values())
    assert catalogue.summary("merging", method).endswith(".")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("method", METHODS)
def test_a_merge_on_the_gpu_is_the_merge_on_the_cpu(method):
    base = state(0)
    models = tuned(base, 1, 2, 3)
    placed = {task: merging.Placed(model, "cuda") for task, model in models.items()}
    merged = merging.merge(method, merging.Placed(base, "cuda"), placed)
    assert all(tensor.is_cuda for tensor in merged.values())
    assert close(merging.merge(method, base, models), {name: tensor.cpu() for name, tensor in merged.items()})


def test_listing_and_checking_import_neither_torch_nor_a_method():
    code = (
        "import sys; from mergecast import merging; [merging.check_parameters(m) for m in merging.methods()];"
        "print([m for m in sys.modules if m == 'torch' or m.startswith('mergecast.merging.')])"
    )
    path = str(Path(catalogue.ROOT).parent)
    out = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


# ---- bad inputs: one line that names what is wrong and says what to do


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("tie", {}, ["method 'tie'", "'ties'"]),
        ("ties", {"kep": 0.1}, ["'ties'", "'kep'", "did you mean 'keep'"]),
        ("weight_avg", {"scale": 1.0}, ["'weight_avg'", "'scale'", "Known: weights"]),
        ("ties", {"keep": 0}, ["'keep' is 0", "above 0 and at most 1"]),
        ("ties", {"keep": 1.5}, ["'keep' is 1.5", "at most 1"]),
        ("ties", {"keep": "much"}, ["'keep' is 'much'"]),
        ("ties", {"keep": True}, ["'keep' is True"]),
        ("ties", {"keep": None}, ["'keep' is None"]),
        ("ties", {"trim": "layer"}, ["'trim' is 'layer'", "'tensor' or 'global'"]),
        ("ties", {"sign": "count"}, ["'sign' is 'count'", "'mass'"]),
        ("dare", {"drop": 1.0}, ["'drop' is 1.0", "below 1"]),
        ("dare", {"seed": 0.5}, ["'seed' is 0.5", "whole number"]),
        ("dare", {"mask": 3}, ["'mask' is 3", "'magnitude'"]),
        ("tsv", {"rank_fraction": 0}, ["'rank_fraction' is 0"]),
        ("tsv", {"svd": 1}, ["unknown parameter 'svd'"]),
        ("tall_masks", {"agree": 0}, ["'agree' is 0"]),
        ("tall_masks", {"mask_lambda": -1}, ["'mask_lambda' is -1"]),
        ("iso_c", {"scale": float("nan")}, ["'scale' is nan", "finite"]),
        ("iso_c", {"scale": float("inf")}, ["'scale' is inf", "finite"]),
        ("iso_cts", {"common": 1.1}, ["'common' is 1.1", "from 0 to 1"]),
    ],
)
def test_a_bad_parameter_is_named_with_what_is_allowed(method, given, words):
    with pytest.raises(MergecastError) as caught:
        merging.check_parameters(method, given)
    message = str(caught.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_resolved_parameters_are_complete_and_one_is_one_point_nought():
    resolved = merging.check_parameters("ties", {"scale": 1})
    assert resolved == {"keep": 0.2, "scale": 1.0, "trim": "tensor", "sign": "mass"}
    assert json.dumps(resolved) == json.dumps(merging.check_parameters("ties", {"scale": 1.0}))
    assert repr(merging.check_parameters("dare", {"seed": 3})["seed"]) == "3"


@pytest.mark.parametrize("method", METHODS)
def test_states_that_do_not_fit_are_named(method):
    base = state(0)
    models = tuned(base, 1, 2)

    def message(**changed):
        with pytest.raises(MergecastError) as caught:
            merging.merge(method, base, models | changed)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    lacking = message(b={n: t for n, t in models["b"].items() if n != MATRIX})
    assert "task 'b'" in lacking and "lacks" in lacking and MATRIX in lacking
    extra = message(b=models["b"] | {"visual.extra": torch.zeros(1)})
    assert "task 'b'" in extra and "'visual.extra'" in extra and "unlike the base" in extra
    reshaped = message(b=models["b"] | {MATRIX: torch.zeros(6, 5)})
    assert "task 'b'" in reshaped and MATRIX in reshaped and "(6, 5)" in reshaped
    broken = message(b=models["b"] | {MATRIX: torch.full((6, 6), torch.nan)})
    assert "task 'b'" in broken and MATRIX in broken and "not finite" in broken


@pytest.mark.parametrize("method", METHODS)
def test_too_few_models_are_refused_by_the_methods_own_word(method):
    base = state(0)
    least = merging.least_models(method)
    for count in range(least):
        with pytest.raises(MergecastError, match=f"'{method}': needs at least {least} models, got {count}"):
            merging.merge(method, base, tuned(base, *range(1, count + 1)))
    merged = merging.merge(method, base, tuned(base, *range(1, least + 1)))
    assert all(torch.isfinite(tensor).all() for tensor in merged.values())


def test_a_merge_that_overflows_its_type_is_an_error():
    base = single([1.0], "visual.b")
    with pytest.raises(MergecastError, match=r"'visual.b' overflows torch.float32"):
        merging.merge("task_arithmetic", base, {"a": single([2.0], "visual.b"), "b": base}, {"scale": 1e300})
