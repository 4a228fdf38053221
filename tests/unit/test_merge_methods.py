"""What holds for each merge method alone, against its definition written another way."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mergecast import merging
from mergecast.errors import MergecastError
from mergecast.merging._magnitude import count_of, kth_largest
from mergecast.merging._spectral import leading, nearest_orthogonal, polar
from states import MATRIX, SHAPES, close, same, single, state, step, tuned

# ---- weight_avg, task_arithmetic


def test_weight_avg_is_the_mean_of_the_weights():
    base = state(0)
    models = tuned(base, 1, 2, 3)
    mean = {n: torch.from_numpy(np.mean([m[n].numpy() for m in models.values()], axis=0)) for n in base}
    assert close(mean, merging.merge("weight_avg", base, models))


@pytest.mark.parametrize("count", [2, 3, 5])
def test_weight_avg_of_copies_of_one_model_is_that_model_bit_by_bit(count):
    base = state(0)
    model = tuned(base, 1)["a"]
    assert same(model, merging.merge("weight_avg", base, dict.fromkeys("abcde"[:count], model)))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_task_arithmetic_with_scale_one_over_t_is_weight_avg(count):
    base = state(0)
    models = tuned(base, *range(1, count + 1))
    assert close(
        merging.merge("weight_avg", base, models), merging.merge("task_arithmetic", base, models, {"scale": 1 / count})
    )


# ---- ties


def brute_force_ties(base, models, keep, scale, whole):
    """TIES on flat numpy vectors, one entry after another."""
    names = list(base)
    cuts = np.cumsum([base[n].numel() for n in names])[:-1]
    flat = [np.concatenate([(m[n].double() - base[n].double()).numpy().ravel() for n in names]) for m in models.values()]
    parts = [[v] for v in flat] if whole else [np.split(v, cuts) for v in flat]
    result = []
    for rows in zip(*parts, strict=True):
        kept = []
        for row in rows:
            size = np.abs(row).astype(np.float32)
            threshold = np.sort(size)[::-1][max(1, int(keep * len(row) + 1e-9)) - 1]
            kept.append(np.where(size >= threshold, row, 0))
        signs = np.sign(np.sum(kept, axis=0))
        majority = -1.0 if signs.sum() < 0 else 1.0
        for j, sign in enumerate(np.where(signs == 0, majority, signs)):
            agreeing = [row[j] for row in kept if row[j] * sign > 0]
            result.append(scale * np.mean(agreeing) if agreeing else 0.0)
    return {n: torch.tensor(v).reshape(base[n].shape) for n, v in zip(names, np.split(np.array(result), cuts), strict=True)}


@pytest.mark.parametrize("trim", ["tensor", "global"])
@pytest.mark.parametrize("keep", [0.01, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("count", [2, 3])
def test_ties_is_what_brute_force_gives(trim, keep, count):
    base = state(0)
    models = tuned(base, *range(1, count + 1))
    merged = merging.merge("ties", base, models, {"keep": keep, "trim": trim, "scale": 0.7})
    assert close(brute_force_ties(base, models, keep, 0.7, trim == "global"), step(merged, base))


@pytest.mark.parametrize("trim", ["tensor", "global"])
def test_ties_of_opposite_models_takes_the_side_of_the_majority_or_plus(trim):
    base = {n: torch.zeros(s) for n, s in SHAPES.items()}
    model = tuned(base, 1)["a"]
    opposite = {n: -t for n, t in model.items()}
    merged = merging.merge("ties", base, {"a": model, "b": opposite}, {"keep": 1, "scale": 1, "trim": trim})
    assert close({n: t.abs() for n, t in model.items()}, merged)


@pytest.mark.parametrize("trim", ["tensor", "global"])
def test_ties_gives_cancelled_entries_the_sign_of_the_majority(trim):
    models = {"a": single([1.0, -2.0, -3.0], "visual.b"), "b": single([-1.0, -2.0, -3.0], "visual.b")}
    merged = merging.merge("ties", single([0.0, 0.0, 0.0], "visual.b"), models, {"keep": 1, "scale": 1, "trim": trim})
    assert merged["visual.b"].tolist() == [-1.0, -2.0, -3.0]


def test_ties_that_keeps_all_of_equal_signs_is_the_scaled_mean():
    base = state(0)
    models = {t: {n: base[n] + v[n].abs() for n in base} for t, v in {"a": state(1), "b": state(2)}.items()}
    expected = merging.merge("task_arithmetic", base, models, {"scale": 0.3 / 2})
    assert close(expected, merging.merge("ties", base, models, {"keep": 1.0}))


def test_trimming_a_tensor_keeps_as_many_entries_as_asked_and_at_least_one():
    base = {n: torch.zeros(s) for n, s in SHAPES.items()}
    model = tuned(base, 1)["a"]
    merged = merging.merge("ties", base, {"a": model, "b": base}, {"keep": 0.1})
    # The untouched model has nothing to disagree with.
    counts = {name: int((tensor != 0).sum()) for name, tensor in merged.items()}
    assert counts == {name: max(1, tensor.numel() // 10) for name, tensor in base.items()}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.floats(0, 2.0**100, width=32), max_size=20), min_size=1, max_size=4), st.data())
def test_the_streamed_selection_finds_the_entry_a_sort_finds(tensors, data):
    entries = sorted((x for tensor in tensors for x in tensor), reverse=True)
    if entries:
        k = data.draw(st.integers(1, len(entries)))
        assert kth_largest(lambda: (torch.tensor(t, dtype=torch.float32) for t in tensors), k) == entries[k - 1]


@pytest.mark.parametrize(
    ("share", "total", "count"), [(0.29, 100, 29), (1 / 49, 49, 1), (0.2, 24, 4), (1.0, 7, 7), (0.7, 10, 7)]
)
def test_a_share_is_rounded_down_as_it_is_written(share, total, count):
    assert count_of(share, total) == count


# ---- dare


@pytest.mark.parametrize("mask", ["random", "magnitude"])
def test_dare_that_drops_nothing_is_weight_avg(mask):
    base = state(0)
    models = tuned(base, 1, 2, 3)
    assert close(merging.merge("weight_avg", base, models), merging.merge("dare", base, models, {"drop": 0, "mask": mask}))


def test_dare_keeps_an_entry_rescaled_or_drops_it():
    base = {MATRIX: torch.zeros(100, 100)}
    merged = merging.merge("dare", base, {"a": {MATRIX: torch.ones(100, 100)}, "b": base}, {"drop": 0.75})[MATRIX]
    assert set(merged.unique().tolist()) == {0.0, 2.0}
    # 10,000 draws: 5 standard deviations of the share kept are 0.022.
    assert abs(float((merged > 0).double().mean()) - 0.25) < 0.022


def test_dare_is_weight_avg_on_average():
    base = state(0)
    models = tuned(base, 1, 2)
    draws = 400
    steps = [step(merging.merge("dare", base, models, {"drop": 0.5, "seed": s}), base) for s in range(draws)]
    vectors = [step(model, base) for model in models.values()]
    for name, expected in step(merging.merge("weight_avg", base, models), base).items():
        drawn = torch.stack([each[name] for each in steps]).mean(0)
        # An entry's variance is Σ τ² p / (1 − p) / T², p the drop rate; 5 standard errors of the mean.
        error = (sum(v[name] ** 2 for v in vectors) / 4 / draws).sqrt()
        assert ((drawn - expected).abs() < 5 * error + 1e-6).all()


def test_dare_draws_differ_by_seed_task_and_tensor_but_not_by_what_else_is_merged():
    ones, zeros = torch.ones(20, 20), torch.zeros(20, 20)
    base = {MATRIX: zeros, "visual.other": zeros}
    full = {MATRIX: ones, "visual.other": ones}
    drawn = merging.merge("dare", base, {"a": full, "b": base})
    with_a_third = merging.merge("dare", base, {"a": full, "b": base, "c": base})
    assert torch.equal(drawn[MATRIX] > 0, with_a_third[MATRIX] > 0)
    assert not torch.equal(drawn[MATRIX], drawn["visual.other"])
    assert not torch.equal(drawn[MATRIX], merging.merge("dare", base, {"a": base, "b": full})[MATRIX])
    assert not torch.equal(drawn[MATRIX], merging.merge("dare", base, {"a": full, "b": base}, {"seed": 1})[MATRIX])


def test_dare_by_magnitude_keeps_the_largest_entries_of_each_tensor():
    values = torch.arange(1.0, 11.0)
    models = {"a": {"visual.b": values}, "b": {"visual.b": torch.zeros(10)}}
    merged = merging.merge("dare", {"visual.b": torch.zeros(10)}, models, {"drop": 0.7, "mask": "magnitude"})
    expected = torch.where(values > 7, values, 0.0) / 0.3 / 2
    assert torch.allclose(merged["visual.b"], expected)


# ---- tsv


def low_rank(left, right, values):
    return (left * torch.tensor(values, dtype=torch.float64)) @ right.T


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.integers(2, 3), st.integers(1, 3), st.booleans())
def test_tsv_of_orthogonal_task_vectors_is_their_sum(seed, tasks, rank, tall):
    stream = torch.Generator().manual_seed(seed)
    m, n = (14, 9) if tall else (9, 14)
    left = torch.linalg.qr(torch.randn(m, 9, generator=stream, dtype=torch.float64))[0]
    right = torch.linalg.qr(torch.randn(n, 9, generator=stream, dtype=torch.float64))[0]
    base = {MATRIX: torch.zeros(m, n, dtype=torch.float64)}
    own = [slice(t * rank, (t + 1) * rank) for t in range(tasks)]
    vectors = [low_rank(left[:, s], right[:, s], [1.0 + i for i in range(rank)]) for s in own]
    models = {f"t{t}": {MATRIX: vector} for t, vector in enumerate(vectors)}
    assert torch.allclose(merging.merge("tsv", base, models)[MATRIX], sum(vectors), atol=1e-9)


def test_tsv_truncates_orthogonal_task_vectors_to_the_share_asked_for():
    eye = torch.eye(8, dtype=torch.float64)
    one, other = (
        torch.diag(torch.tensor([5.0, 4, 3, 2, 0, 0, 0, 0])),
        torch.diag(torch.tensor([0, 0, 0, 0, 9.0, 8, 7, 6])),
    )
    base = {MATRIX: 0 * eye}
    merged = merging.merge("tsv", base, {"a": {MATRIX: one.double()}, "b": {MATRIX: other.double()}}, {"rank_fraction": 0.25})
    assert torch.allclose(merged[MATRIX], torch.diag(torch.tensor([5.0, 4, 0, 0, 9, 8, 0, 0])).double(), atol=1e-9)


def test_tsv_of_random_task_vectors_is_what_numpy_gives():
    base = state(0, {MATRIX: (7, 11)})
    models = tuned(base, 1, 2, 3)
    factors = [
        np.linalg.svd((m[MATRIX].double() - base[MATRIX].double()).numpy(), full_matrices=False) for m in models.values()
    ]

    def polar(x):  # x (xᵗ x)^(-1/2), the orthogonal polar factor
        values, vectors = np.linalg.eigh(x.T @ x)
        return x @ (vectors / np.sqrt(values)) @ vectors.T

    left = polar(np.concatenate([u[:, :2] for u, _, _ in factors], 1))
    right = polar(np.concatenate([v[:2].T for _, _, v in factors], 1))
    expected = left @ np.diag(np.concatenate([s[:2] for _, s, _ in factors])) @ right.T
    merged = step(merging.merge("tsv", base, models), base)[MATRIX]
    assert np.allclose(merged.numpy(), expected, atol=1e-6)


def test_tsv_of_identical_models_is_their_truncated_task_vector():
    base = {MATRIX: torch.zeros(6, 9, dtype=torch.float64)}
    model = {MATRIX: torch.randn(6, 9, generator=torch.Generator().manual_seed(5), dtype=torch.float64)}
    left, values, right = np.linalg.svd(model[MATRIX].numpy(), full_matrices=False)
    merged = merging.merge("tsv", base, {"a": model, "b": model})[MATRIX]
    assert np.allclose(merged.numpy(), left[:, :3] * values[:3] @ right[:3], atol=1e-9)


@pytest.mark.parametrize("method", ["tsv", "iso_c", "iso_cts"])
def test_spectral_methods_average_what_is_no_matrix(method):
    base = state(0)
    models = tuned(base, 1, 2)
    merged, mean = merging.merge(method, base, models), merging.merge("weight_avg", base, models)
    others = {n for n in base if base[n].ndim != 2 or "embedding" in n}
    assert others == {
        "visual.class_embedding",
        "visual.conv1.weight",
        "visual.ln_pre.weight",
        "visual.positional_embedding",
    }
    assert {name for name in base if torch.equal(merged[name], mean[name])} == others


def test_shared_factors_of_one_task_are_made_once_and_change_no_bit():
    base = state(0)
    models = tuned(base, 1, 2, 3)
    made = []

    def svd(task, name, vector, rank):
        made.append((task, name))
        return merging.find("tsv").leading_svd(task, name, vector, rank)

    memo = merging.Remembered("c", svd)
    for partner in "ab":
        pair = {t: models[t] for t in (partner, "c")}
        assert same(merging.merge("tsv", base, pair), merging.merge("tsv", base, pair, svd=memo))
    assert len(made) == len(set(made)) == 3 * sum(len(s) == 2 and "embedding" not in n for n, s in SHAPES.items())


@pytest.mark.parametrize("shape", [(30, 30), (70, 30), (30, 70)])
@pytest.mark.parametrize("smallest", [1.0, 1e-3, 1e-6, 0.0])
def test_factors_are_those_of_an_svd_however_small_the_last_value(shape, smallest):
    torch.manual_seed(1)
    u, v = (torch.linalg.qr(torch.randn(n, 30, dtype=torch.float64))[0] for n in shape)
    values = torch.linspace(5, 1, 30, dtype=torch.float64)
    values[-1] = smallest
    matrix = u * values @ v.T
    for count in (0, 1, 15, 29):
        left, found, right = leading(matrix, count)
        torch.testing.assert_close(found, values[:count], rtol=1e-10, atol=0)
        torch.testing.assert_close(left * found @ right, u[:, :count] * values[:count] @ v[:, :count].T)
    orthogonal, found = polar(matrix)
    assert found.sum().item() == pytest.approx(values.sum().item())
    kept = 30 if smallest else 29
    torch.testing.assert_close(nearest_orthogonal(matrix), u[:, :kept] @ v[:, :kept].T, rtol=0, atol=1e-6)
    if smallest:
        torch.testing.assert_close(orthogonal, u @ v.T, rtol=0, atol=1e-6)


def test_only_methods_that_factor_each_task_vector_share_factors():
    assert [name for name in merging.methods() if merging.shared_svd(name, "a")] == ["tsv"]


# ---- tall_masks


@pytest.mark.parametrize(("count", "needed"), [(2, 1), (3, 2), (4, 2)])
def test_tall_masks_is_what_the_definition_says(count, needed):
    base = state(0)
    models = tuned(base, *range(1, count + 1))
    expected = {}
    for name in base:
        start = base[name].double().numpy()
        each = [m[name].double().numpy() for m in models.values()]
        total = sum(x - start for x in each)
        votes = sum((np.abs(start - x) > 0.4 * np.abs(start + total - x)).astype(int) for x in each)
        expected[name] = torch.from_numpy(start + np.where(votes >= needed, total, 0)).float()
    assert close(expected, merging.merge("tall_masks", base, models))


def test_more_masks_than_models_cannot_agree():
    assert merging.check_parameters("tall_masks", {"agree": 3}, models=3)["agree"] == 3
    with pytest.raises(MergecastError, match="'agree' is 3; give .* from 1 to the number of models"):
        merging.check_parameters("tall_masks", {"agree": 3}, models=2)
    with pytest.raises(MergecastError, match="agree is 3, but 2 models"):
        merging.find("tall_masks").merge(base := state(0), tuned(base, 1, 2), agree=3)


# ---- iso_c, iso_cts


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.integers(2, 20), st.integers(2, 20), st.integers(2, 4), st.floats(0, 1))
def test_isotropic_updates_have_equal_singular_values(seed, rows, columns, tasks, common):
    base = {MATRIX: torch.zeros(rows, columns, dtype=torch.float64)}
    stream = torch.Generator().manual_seed(seed)
    models = {f"t{t}": {MATRIX: torch.randn(rows, columns, generator=stream, dtype=torch.float64)} for t in range(tasks)}
    total = np.linalg.svd(sum(m[MATRIX] for m in models.values()).numpy(), compute_uv=False)
    merged = {
        "iso_c": merging.merge("iso_c", base, models)[MATRIX],
        "iso_cts": merging.merge("iso_cts", base, models, {"common": common})[MATRIX],
    }
    for tensor in merged.values():
        values = np.linalg.svd(tensor.numpy(), compute_uv=False)
        assert np.ptp(values) <= 1e-9 * values[0]
    assert np.allclose(np.linalg.norm(merged["iso_c"], 2), total.mean())


def test_iso_c_keeps_the_polar_factor_of_the_summed_task_vectors():
    base = state(0, {MATRIX: (5, 5)})
    models = tuned(base, 1, 2)
    total = sum(step(m, base)[MATRIX] for m in models.values()).numpy()
    update = step(merging.merge("iso_c", base, models), base)[MATRIX].numpy()
    # W = O H with O orthogonal and H positive: Oᵗ W is symmetric with positive eigenvalues.
    positive = update.T @ total
    assert np.allclose(positive, positive.T, atol=1e-5) and np.linalg.eigvalsh((positive + positive.T) / 2).min() > 0


def test_iso_cts_with_nothing_of_each_task_is_iso_c():
    base = state(0)
    models = tuned(base, 1, 2)
    assert close(merging.merge("iso_c", base, models), merging.merge("iso_cts", base, models, {"common": 1.0}))


def test_iso_cts_takes_of_each_task_what_the_common_directions_leave():
    """By numpy: of rank 6, two directions are the sum's, two each task's outside the common left space."""
    base, random = {MATRIX: torch.zeros(8, 6, dtype=torch.float64)}, np.random.default_rng(3)
    tau = {task: random.standard_normal((8, 6)) for task in "ab"}
    models = {task: {MATRIX: torch.from_numpy(vector)} for task, vector in tau.items()}

    def factors(matrix, count):
        u, s, vt = np.linalg.svd(matrix, full_matrices=False)
        return u[:, :count], s[:count], vt[:count]

    common = factors(tau["a"] + tau["b"], 2)
    outside = np.eye(8) - common[0] @ common[0].T
    lefts, values, rights = zip(common, *(factors(outside @ vector, 2) for vector in tau.values()), strict=True)
    (u, _, ut), (v, _, vt) = factors(np.hstack(lefts), 6), factors(np.vstack(rights), 6)
    wanted = np.concatenate(values).mean() * (u @ ut) @ (v @ vt)
    merged = merging.merge("iso_cts", base, models, {"common": 0.5})[MATRIX].numpy()
    np.testing.assert_allclose(merged, wanted, atol=1e-10)


@pytest.mark.parametrize("method", ["iso_c", "iso_cts"])
def test_the_scale_of_an_isotropic_merge_scales_every_tensor(method):
    base = {name: torch.zeros(shape) for name, shape in SHAPES.items()}
    models = tuned(base, 1, 2)
    once, half = (merging.merge(method, base, models, {"scale": scale}) for scale in (1, 0.5))
    assert close({name: tensor / 2 for name, tensor in once.items()}, half)
