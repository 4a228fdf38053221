"""Inner products and spectra from states, and what the store reads back."""

import json
import math
import re
from functools import lru_cache

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import states
import study
from mergecast import metrics
from mergecast.errors import MergecastError
from mergecast.features import _ends, _make, _products, spectra
from mergecast.features._pair import pair_features
from mergecast.features._store import Store, blocked
from mergecast.features._types import Gram, ProductTable
from mergecast.models.checkpoints import State, content_hash, save

BLOCK = "visual.transformer.resblocks.0"
SHAPES = {
    "visual.class_embedding": (12,),
    "visual.conv1.weight": (12, 3, 4, 4),
    "visual.positional_embedding": (5, 12),
    "visual.proj": (12, 7),
    f"{BLOCK}.attn.in_proj_weight": (36, 12),
    f"{BLOCK}.mlp.c_fc.weight": (150, 130),
    f"{BLOCK}.mlp.c_proj.weight": (12, 48),
}
MATRICES = [name for name, shape in SHAPES.items() if len(shape) == 2 and "embedding" not in name]


def state(seed, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return {name: scale * torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}


def tuned(base, seed, scale=0.05):
    change = state(seed, scale)
    return {name: tensor + change[name] for name, tensor in base.items()}


@pytest.fixture(scope="module")
def base():
    return state(0)


@pytest.fixture(scope="module")
def models(base):
    return {name: tuned(base, seed) for seed, name in enumerate(("ants", "bees", "cats"), start=1)}


def test_products_equal_those_of_whole_float64_task_vectors(base, models):
    table = _products.products(models, base, progress=False)
    assert table.tasks == tuple(models)
    assert table.tensors == tuple(sorted(SHAPES))
    for place, name in enumerate(table.tensors):
        origin = base[name].numpy().astype(float).ravel()
        rows = [model[name].numpy().astype(float).ravel() - origin for model in models.values()]
        for i, x in enumerate(rows):
            for j, y in enumerate(rows):
                exact = math.fsum(x * y)
                assert table.products[place, i, j] == pytest.approx(exact, rel=1e-13, abs=1e-13 * math.fsum(abs(x * y)))
                assert table.distances[place, i, j] == pytest.approx(math.fsum((x - y) ** 2), rel=1e-11)


def test_products_without_a_base_are_those_of_the_states_themselves(models):
    table = _products.products(models, progress=False)
    exact = [
        math.fsum(models["ants"][n].double().flatten().numpy() * models["bees"][n].double().flatten().numpy())
        for n in table.tensors
    ]
    assert table.products[:, 0, 1] == pytest.approx(np.array(exact), rel=1e-12)


def test_a_pair_has_the_same_bits_whatever_other_tasks_are_there_and_in_any_order(base, models):
    everything = _products.products(models, base, progress=False)
    for names in (("ants", "cats"), ("cats", "ants"), ("cats", "bees", "ants")):
        some = _products.products({name: models[name] for name in names}, base, progress=False)
        few, many = some.pair("ants", "cats"), everything.pair("ants", "cats")
        for field in ("aa", "bb", "ab", "dd"):
            assert getattr(few, field).tobytes() == getattr(many, field).tobytes()
        assert few.total() == many.total()


def test_the_pass_reads_one_tensor_of_every_state_at_a_time(base, models):
    order = []

    class Watched(dict):
        def __getitem__(self, name):
            order.append(name)
            return super().__getitem__(name)

    _products.products({name: Watched(model) for name, model in models.items()}, base, progress=False)
    assert order == [name for name in sorted(SHAPES) for _ in models]


@pytest.mark.parametrize("with_base", [True, False])
def test_large_tensors_are_read_in_pieces_that_change_no_bit(with_base, monkeypatch, tmp_path):
    origin = {"w": torch.randn(300, 70, generator=torch.Generator().manual_seed(0)).bfloat16(), "b": torch.ones(3)}
    known = {"base": origin, **states.tuned(origin, 1, 2)}
    known["c"] = {name: tensor + 1e-3 for name, tensor in known["b"].items()}  # so near that |b - c|² is summed directly
    for name, each in known.items():
        save(tmp_path / f"{name}.safetensors", each)
    opened = {name: State(tmp_path / f"{name}.safetensors") for name in known}
    origin, base = opened.pop("base"), known.pop("base")

    def table(models, origin):
        found = _products.products(models, origin if with_base else None, progress=False)
        return found.products.tobytes() + found.distances.tobytes()

    whole = table(known, base)
    monkeypatch.setattr(_products, "PIECE", _products.CHUNK)
    assert table(known, base) == table(opened, origin) == whole
    known["c"]["w"] = torch.zeros(300, 71)
    with pytest.raises(MergecastError, match="'c'.*'w' has another size"):
        table(known, base)


@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-5])
def test_the_distance_of_nearly_identical_models_keeps_its_digits(size):
    base = {"visual.weight": torch.zeros(20_000, dtype=torch.float64)}
    generator = torch.Generator().manual_seed(3)
    a = torch.randn(20_000, generator=generator, dtype=torch.float64)
    b = a + size * 1e-3 * torch.randn(20_000, generator=generator, dtype=torch.float64)
    features = pair_features(base, {"visual.weight": a}, {"visual.weight": b})
    exact = math.sqrt(math.fsum((a - b).numpy() ** 2))
    gram = features.inner_products.total()
    assert gram.distance() == pytest.approx(exact, rel=1e-13)
    # What the closed form alone would give is far worse, so the case does need care.
    naive = math.sqrt(max(0.0, gram.aa + gram.bb - 2 * gram.ab))
    assert abs(naive / exact - 1) > 100 * abs(gram.distance() / exact - 1)


def test_small_angles_and_second_singular_values_of_nearly_identical_models_are_precise():
    generator = np.random.default_rng(5)
    a = generator.normal(size=500)
    side = generator.normal(size=500)
    side -= a * (a @ side) / (a @ a)
    side *= np.linalg.norm(a) / np.linalg.norm(side)
    for angle in (1e-2, 1e-5, 1e-7):
        gram = Gram.of(a, math.cos(angle) * a + math.sin(angle) * side)
        assert math.radians(gram.angle()) == pytest.approx(angle, rel=1e-7)
        first, second = gram.singular_values()
        assert second / first == pytest.approx(math.tan(angle / 2), rel=1e-7)


def test_another_size_a_missing_tensor_and_a_nan_are_named(base, models):
    broken = dict(models["bees"])
    name = f"{BLOCK}.mlp.c_fc.weight"
    for tensor, words in ((None, "has no tensor"), (torch.zeros(3), "another size"), (broken[name] * math.nan, "NaN")):
        changed = {key: value for key, value in broken.items() if key != name}
        if tensor is not None:
            changed[name] = tensor
        with pytest.raises(MergecastError, match=f"'bees'.*{words}|'bees'.*{name}.*{words}"):
            _products.products({"ants": models["ants"], "bees": changed}, None, progress=False)


@pytest.mark.parametrize("name", MATRICES)
def test_spectra_agree_with_numpy(base, models, name):
    found = spectra.spectra(base, models["ants"], progress=False)[name]
    tau = models["ants"][name].numpy().astype(float) - base[name].numpy().astype(float)
    tau = tau.T if name == "visual.proj" else tau
    u, s, vt = np.linalg.svd(tau, full_matrices=False)
    k = min(10, *tau.shape)
    assert found.values == pytest.approx(s, rel=1e-10)
    assert (found.left.shape, found.right_top.shape, found.right_bottom.shape) == (
        (tau.shape[0], k),
        (tau.shape[1], k),
        (tau.shape[1], k),
    )
    for ours, theirs in ((found.left, u[:, :k]), (found.right_top, vt[:k].T), (found.right_bottom, vt[-k:].T)):
        assert ours.T @ ours == pytest.approx(np.eye(k), abs=1e-12)
        # Each vector is the same up to its sign.
        assert np.abs(np.sum(ours * theirs, axis=0)) == pytest.approx(np.ones(k), abs=1e-9)


def test_spectra_are_of_linear_maps_alone(base, models):
    assert sorted(spectra.spectra(base, models["ants"], progress=False)) == sorted(MATRICES)


def test_an_untouched_matrix_has_a_spectrum_of_zeros():
    found = spectra.spectrum(torch.zeros(20, 15, dtype=torch.float64))
    assert found.values.shape == (15,)
    assert found.right_bottom.shape == (15, 10)
    assert not any(array.any() for array in vars(found).values())


def test_two_models_of_one_name_are_refused(base, models):
    with pytest.raises(MergecastError, match="both called 'x'"):
        pair_features(base, models["ants"], models["bees"], ("x", "x"))


@pytest.fixture(scope="module")
def probes():
    """Per model and task: activation, count, input gradient; counts differ between tasks."""
    random = np.random.default_rng(7)
    counts = {"ants": 3, "bees": 5, "cats": 4}
    return {
        model: {task: (random.normal(size=6), n, random.normal(size=n * 8).astype(np.float32)) for task, n in counts.items()}
        for model in counts
    }


def save_table(path, table):
    _make.save_table(
        path, _products.arrays(table), sha256={name: f"sha-{name}" for name in table.tasks}, base_sha256="sha-base"
    )


def save_spectra(path, found, header):
    _make.save_tensors(path, spectra.arrays(found), header, seal_each=True)


@pytest.fixture
def folder(tmp_path, base, models, probes):
    """A features folder as the workflow writes it."""
    table = _products.products(models, base, progress=False)
    hashes = {name: f"sha-{name}" for name in models}
    save_table(tmp_path / "inner_products.npz", table)
    gradients = _products.products(models, progress=False)
    save_table(tmp_path / "gradient_products.npz", gradients)
    for name, model in models.items():
        found = spectra.spectra(base, model, progress=False)
        header = {"task": name, "checkpoint_sha256": hashes[name], "base_sha256": "sha-base"}
        save_spectra(tmp_path / f"spectra/{name}.safetensors", found, header)
        tensors = {}
        for task, (activation, count, gradient) in probes[name].items():
            tensors[f"{task}/activation"] = activation
            tensors[f"{task}/count"] = np.array(count)
            tensors[f"{task}/input_gradient"] = gradient
        (tmp_path / "probes").mkdir(exist_ok=True)
        save_file(tensors, tmp_path / f"probes/{name}.safetensors", header)
    return tmp_path


def test_the_store_gives_what_was_computed_in_memory(folder, base, models):
    stored = Store(folder).pair("ants", "cats", ["inner_products", "spectra"])
    direct = pair_features(base, models["ants"], models["cats"], ("ants", "cats"))
    values, computed = metrics.compute_all(stored), metrics.compute_all(direct)
    assert values == {name: computed[name] for name in values} and values.keys() >= set(study.OF_WEIGHTS)


def test_the_store_reads_only_the_features_asked_for(folder):
    for path in (folder / "spectra").iterdir():
        path.unlink()
    features = Store(folder).pair("ants", "bees", ("inner_products",))
    assert set(vars(features)) == {"a", "b", "inner_products"}
    with pytest.raises(MergecastError, match=r"spectra/ants.safetensors: no such file"):
        Store(folder).pair("ants", "bees", ("spectra",))


def test_products_of_gradients_come_from_their_own_table(folder, models):
    features = Store(folder).pair("bees", "cats", ("gradient_products",))
    exact = sum(float(models["bees"][name].double().flatten() @ models["cats"][name].double().flatten()) for name in SHAPES)
    assert features.gradient_products.total().ab == pytest.approx(exact, rel=1e-12)


def test_probes_join_both_tasks_images_in_the_order_of_the_pair(folder, probes):
    features = Store(folder).pair("ants", "bees", ("probes",))
    for model, probe in zip(("ants", "bees"), features.probes, strict=True):
        (first, n, h1), (second, m, h2) = probes[model]["ants"], probes[model]["bees"]
        # The mean over all images, as if each had been probed by itself.
        images = np.vstack([np.tile(first, (n, 1)), np.tile(second, (m, 1))])
        assert probe.activation == pytest.approx(images.mean(axis=0), rel=1e-12)
        assert probe.input_gradient.dtype == np.float64
        assert probe.input_gradient.tolist() == [*h1.tolist(), *h2.tolist()]


def test_hashes_of_base_and_checkpoints_are_those_in_the_files(folder):
    expected = {"base": "sha-base", "checkpoints": {"ants": "sha-ants", "cats": "sha-cats"}}
    for needs in (["inner_products"], ["spectra"], ["probes"], ["gradient_products"], ["inner_products", "spectra"]):
        assert Store(folder).inputs("ants", "cats", needs) == expected


def test_features_of_different_checkpoints_are_not_mixed(folder, base, models):
    header = {"task": "ants", "checkpoint_sha256": "sha-other", "base_sha256": "sha-base"}
    save_spectra(folder / "spectra/ants.safetensors", spectra.spectra(base, models["ants"], progress=False), header)
    with pytest.raises(MergecastError, match="spectra/ants.safetensors: made from another checkpoint of ants than"):
        Store(folder).inputs("ants", "cats", ["inner_products", "spectra"])


def test_a_missing_task_and_a_missing_tensor_are_named(folder):
    with pytest.raises(MergecastError, match="inner_products.npz: has no task 'dogs'"):
        Store(folder).pair("ants", "dogs", ("inner_products",))
    with pytest.raises(MergecastError, match="spectra/dogs.safetensors: no such file"):
        Store(folder).pair("ants", "dogs", ("spectra",))
    save_file({"ants/activation": np.zeros(3)}, folder / "probes/ants.safetensors")
    with pytest.raises(MergecastError, match="probes/ants.safetensors: has no tensor 'ants/count'"):
        Store(folder).pair("ants", "bees", ("probes",))


@pytest.mark.parametrize("name, need", [("inner_products.npz", "inner_products"), ("spectra/ants.safetensors", "spectra")])
def test_a_truncated_file_is_named(folder, name, need):
    path = folder / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MergecastError, match=f"{name}: is not a whole"):
        Store(folder).pair("ants", "bees", (need,))


def test_probes_of_different_images_are_refused(folder, probes):
    tensors = {}
    for task, (activation, count, gradient) in probes["bees"].items():
        tensors |= {
            f"{task}/activation": activation,
            f"{task}/count": np.array(count),
            f"{task}/input_gradient": gradient[8:],
        }
    save_file(tensors, folder / "probes/bees.safetensors")
    with pytest.raises(MergecastError, match="other calibration images"):
        Store(folder).pair("ants", "bees", ("probes",))


def test_each_file_is_opened_once(folder, monkeypatch):
    from mergecast.features import _store as module

    opened = []
    real = module.safe_open
    monkeypatch.setattr(module, "safe_open", lambda path, **kw: opened.append(path.name) or real(path, **kw))
    store = Store(folder)
    for a, b in (("ants", "bees"), ("ants", "cats"), ("bees", "cats")):
        store.pair(a, b, ("spectra",))
        store.inputs(a, b, ("spectra",))
    assert sorted(opened) == ["ants.safetensors", "bees.safetensors", "cats.safetensors"]


def test_pairs_are_taken_in_an_order_that_reads_few_spectra_again():
    tasks = [f"t{i}" for i in range(70)]
    pairs = [(a, b) for row, b in enumerate(tasks) for a in tasks[:row]]
    order = blocked(pairs)
    assert sorted(order) == sorted(pairs)
    reads = lru_cache(maxsize=32)(lambda task: task)
    for pair in order:
        list(map(reads, pair))
    assert reads.cache_info().misses <= len(tasks) * -(-len(tasks) // 16)


def test_feature_files_hold_the_same_bits_when_made_again(folder, base, models):
    table = _products.products(models, base, progress=False)
    save_table(folder / "again.npz", table)
    assert (folder / "again.npz").read_bytes() == (folder / "inner_products.npz").read_bytes()
    found = spectra.spectra(base, models["bees"], progress=False)
    header = {"task": "bees", "checkpoint_sha256": "sha-bees", "base_sha256": "sha-base"}
    save_spectra(folder / "again.safetensors", found, header)
    first, second = load_file(folder / "again.safetensors"), load_file(folder / "spectra/bees.safetensors")
    assert {name: array.tobytes() for name, array in first.items()} == {n: array.tobytes() for n, array in second.items()}
    with safe_open(folder / "again.safetensors", "np") as file:
        seal = {"content_sha256": content_hash(State(folder / "again.safetensors"))}
        hashes = file.metadata().pop("tensors_sha256")
        assert file.metadata() == header | {"tensors_sha256": hashes} | seal
    assert json.loads(hashes) == {name: content_hash({name: torch.tensor(array)}) for name, array in first.items()}


def flip(path, place):
    """Turn one bit over, at a part of a file's length."""
    whole = bytearray(path.read_bytes())
    whole[int(place * len(whole))] ^= 4
    path.write_bytes(whole)


@pytest.mark.parametrize("place", [0.5, 0.9])
def test_a_flipped_bit_in_a_feature_file_is_found_when_it_is_opened(place, folder):
    flip(folder / "inner_products.npz", place)
    with pytest.raises(MergecastError, match=r"inner_products.npz: is .*; delete it and run again"):
        Store(folder).pair("ants", "bees", ("inner_products",))


@pytest.mark.parametrize("place", [0.4, 0.6, 0.9, 0.999])
def test_a_flipped_bit_in_a_spectrum_is_found_by_whoever_reads_that_part_and_no_other(place, folder):
    sound = Store(folder).pair("ants", "bees", ("spectra",)).spectra
    parts = [(name, part) for name in sound for part in ("values", "left", "right_top", "right_bottom")]
    before = {(name, part): getattr(sound[name][1], part).copy() for name, part in parts}
    flip(folder / "spectra/bees.safetensors", place)
    spectra_of_pair, found = Store(folder).pair("ants", "bees", ("spectra",)).spectra, []
    for name, part in parts:
        try:
            assert np.array_equal(getattr(spectra_of_pair[name][1], part), before[name, part])
        except MergecastError as error:
            assert re.search(r"spectra/bees.safetensors: is damaged.*; delete it and run again", str(error))
            found.append((name, part))
    assert len(found) == 1


def test_a_spectrum_without_one_of_its_parts_is_named(folder):
    tensors = load_file(folder / "spectra/ants.safetensors")
    gone = next(name for name in sorted(tensors) if name.endswith("/left"))
    save_file({name: array for name, array in tensors.items() if name != gone}, folder / "spectra/ants.safetensors")
    with pytest.raises(
        MergecastError, match=f"spectra/ants.safetensors: has no tensor '{gone}'; delete the file and run again"
    ):
        Store(folder).pair("ants", "bees", ("spectra",))


def test_an_unknown_task_of_a_table_is_named():
    table = ProductTable(("x",), ("t",), np.ones((1, 1, 1)), np.zeros((1, 1, 1)))
    with pytest.raises(MergecastError, match="no inner products of task 'y'; there are those of x"):
        table.pair("x", "y")
    assert table.pair("x", "x").total().ab == 1


@pytest.mark.parametrize("shape", [(40, 40), (90, 40), (40, 90)])
@pytest.mark.parametrize("smallest", [1e-1, 1e-4, 1e-6, 1e-9, 0.0])
def test_a_spectrum_is_that_of_an_svd_however_small_its_end(shape, smallest):
    torch.manual_seed(5)
    u, v = (torch.linalg.qr(torch.randn(n, 40, dtype=torch.float64))[0] for n in shape)
    values = torch.logspace(0, torch.log10(torch.tensor(smallest or 1e-3)), 40, dtype=torch.float64)
    values[-1] = smallest
    matrix = u @ torch.diag(values) @ v.T
    found = spectra.spectrum(matrix, k=5)
    expected = np.linalg.svd(matrix.numpy())
    # Squares are rounded at 1e-16 of the largest, so a value of 1e-4 of it is right to 1e-8.
    np.testing.assert_allclose(found.values, expected[1][:40], rtol=1e-8, atol=1e-14)
    ends = [(found.left, u[:, :5]), (found.right_top, v[:, :5]), (found.right_bottom, v[:, -5:])]
    # A zero value has no direction of its own on the longer side.
    for mine, theirs in ends if smallest or shape[1] == 40 else ends[:2]:
        overlap = np.linalg.norm(mine.T @ theirs.numpy())
        assert overlap == pytest.approx(5**0.5, rel=1e-6), "the same subspace"


def test_a_spectrum_is_that_of_an_svd_where_the_iteration_fails(monkeypatch):
    def fails(lower, k):
        raise np.linalg.LinAlgError("no vector converges")

    matrix = torch.from_numpy(np.random.default_rng(2).normal(size=(30, 25)))
    expected = spectra.spectrum(matrix, k=5)
    monkeypatch.setattr(_ends, "ends", fails)
    found = spectra.spectrum(matrix, k=5)
    assert found.values == pytest.approx(expected.values, rel=1e-12)
    for part in ("left", "right_top", "right_bottom"):
        assert np.abs(getattr(found, part).T @ getattr(expected, part)) == pytest.approx(np.eye(5), abs=1e-9)


LANGUAGE = {
    "transformer.wte.weight": (40, 8),
    "transformer.wpe.weight": (12, 8),
    "transformer.h.0.attn.c_attn.weight": (8, 24),
    "transformer.h.0.attn.c_proj.weight": (8, 8),
    "transformer.h.0.mlp.c_fc.weight": (8, 32),
    "transformer.h.0.ln_1.weight": (8,),
}


def test_weight_metrics_of_a_language_model_are_those_of_the_same_tensors_under_the_names_of_a_clip():
    clip = {
        "visual.positional_embedding": "transformer.wte.weight",
        "visual.token_embedding.weight": "transformer.wpe.weight",
        **{f"visual.{name}": name for name in LANGUAGE if ".h." in name},
    }
    base = states.state(0, LANGUAGE)
    a, b = states.tuned(base, 1, 2).values()
    more = {"transformer.h.0.attn.bias": torch.ones(4, 4).bool(), "transformer.nothing": torch.zeros(0, 8)}
    found = metrics.compute_all(pair_features(base | more, a | more, b | more))

    def renamed(model):
        turned = {name: tensor.T.contiguous() if name.count(".c_") else tensor for name, tensor in model.items()}
        return {name: turned[theirs] for name, theirs in clip.items()}

    assert found == pytest.approx(metrics.compute_all(pair_features(*map(renamed, (base, a, b)))), rel=1e-12)


def test_a_base_that_calls_a_matrix_an_embedding_has_no_spectrum_of_it(tmp_path):
    save(tmp_path / "base.safetensors", states.state(0, LANGUAGE))
    base, model = State(tmp_path / "base.safetensors"), states.tuned(states.state(0, LANGUAGE), 1)["a"]
    assert len(spectra.spectra(base, model, progress=False)) == 3
    base.embeddings = {"wte", "wpe", "c_fc"}
    assert [name.split(".")[-2] for name in spectra.spectra(base, model, progress=False)] == ["c_attn", "c_proj"]
