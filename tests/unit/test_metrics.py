"""Every registered metric: symmetry, ranges, exact dependences, undefined cases, and independent decompositions."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import study
from mergecast import features, metrics
from mergecast.errors import MergecastError
from mergecast.features._pair import pair_features
from mergecast.features._types import Gram, PairFeatures, Probe, Products
from mergecast.features.spectra import spectrum
from mergecast.metrics import effective_rank as rank_module
from mergecast.metrics._metric import metric

RANGES = {
    "cosine": (-1, 1), "l2_distance": (0, math.inf), "dot_product": (-math.inf, math.inf), "angle": (0, 180),
    "magnitude_ratio": (0, 1), "effective_rank": (1, 2), "stable_rank": (1, 2), "score": (0, 1), "gap": (0, 1),
    "value_ratio": (0, 1), "overlap": (0, 1),
}  # fmt: skip
SHAPES = {"visual.a.weight": (14, 12), "visual.b.weight": (30, 11), "visual.bias": (9,), "visual.proj": (13, 16)}
quickly = settings(max_examples=30, deadline=None, derandomize=True)


def limits(name):
    return next(RANGES[key] for key in reversed(RANGES) if key in name)


def whole(seed=0, mix=0.0, scale=1.0):
    """Features of two random models, all four kinds; `mix` draws the second to the first, 1 makes them the same."""
    random = np.random.default_rng(seed)

    def two(shape):
        x, y = random.normal(size=shape), random.normal(size=shape)
        return x, scale * (mix * x + math.sqrt(1 - mix**2) * y)

    taus = {name: two(shape) for name, shape in SHAPES.items()}
    base = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in SHAPES.items()}
    a, b = ({name: torch.from_numpy(tau[side]) for name, tau in taus.items()} for side in (0, 1))
    weights = pair_features(base, a, b, ("ants", "bees"))
    activation, pixels, gradient = two(20), two(60), two(200)
    return PairFeatures(
        **vars(weights),
        probes=(Probe(activation[0], pixels[0]), Probe(activation[1], pixels[1])),
        gradient_products=products(gradient),
    )


def products(*pairs):
    """Products of pairs of arrays, one pair a tensor."""
    grams = [Gram.of(np.ravel(x), np.ravel(y)) for x, y in pairs]
    arrays = (np.array([getattr(gram, field) for gram in grams]) for field in ("aa", "bb", "ab", "dd"))
    return Products(tuple(str(i) for i in range(len(pairs))), *arrays)


def swapped(features):
    def turn(p):
        return Products(p.names, p.bb, p.aa, p.ab, p.dd)

    return PairFeatures(
        features.b,
        features.a,
        inner_products=turn(features.inner_products),
        spectra={name: (y, x) for name, (x, y) in features.spectra.items()},
        probes=features.probes[::-1],
        gradient_products=turn(features.gradient_products),
    )


def test_the_catalogue_has_the_28_metrics_of_the_study_in_its_order():
    assert len(study.METRICS) == 28
    assert [name for name in metrics.catalogue() if name in study.METRICS] == list(study.METRICS)
    assert {name: metrics.find(name).category for name in study.METRICS} == study.METRICS


def test_eighteen_metrics_of_the_study_need_the_weights_alone():
    assert len(study.OF_WEIGHTS) == 18
    of_weights = [metric.name for metric in metrics.within(features.of_weights())]
    assert [name for name in of_weights if name in study.METRICS] == study.OF_WEIGHTS
    assert {metric.name for metric in metrics.within(features.names())} == set(metrics.catalogue())
    assert metrics.within(()) == ()


@pytest.mark.parametrize("name", study.METRICS)
def test_the_summary_is_one_plain_sentence_for_readers(name):
    summary = metrics.find(name).summary
    assert 40 < len(summary) < 125
    assert summary.endswith(".")
    assert not any(sign in summary for sign in "|<>^σΣτ√"), "formulas belong below the first line"


def test_an_unknown_metric_is_answered_with_the_closest_one():
    with pytest.raises(
        MergecastError, match="unknown metric 'task_vector_cosine'; did you mean 'task_vector_cosine_similarity'"
    ):
        metrics.find("task_vector_cosine")


def test_computing_metrics_from_files_needs_neither_torch_nor_pandas(root):
    code = (
        "import sys; from mergecast import metrics; from mergecast.features import _store, names; metrics.catalogue(); "
        "list(map(_store._module, names())); "
        "print([name for name in ('torch', 'pandas', 'open_clip', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root / "workflow/scripts"
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", study.METRICS)
@quickly
@given(seed=st.integers(0, 10**6), mix=st.floats(-1, 1), scale=st.floats(1e-3, 1e3))
def test_a_metric_is_symmetric_finite_and_within_its_range(name, seed, mix, scale):
    features = whole(seed, mix, scale)
    value = metrics.compute(metrics.find(name), features)
    low, high = limits(name)
    assert low - 1e-12 <= value <= high + 1e-12
    assert metrics.compute(metrics.find(name), swapped(features)) == pytest.approx(value, rel=1e-10, abs=1e-10)


def of_study(features):
    """The metrics of the study, whatever further ones there are."""
    return {name: metrics.compute(metrics.find(name), features) for name in study.METRICS}


@quickly
@given(seed=st.integers(0, 10**6), mix=st.floats(-0.999, 0.999), scale=st.floats(1e-2, 1e2))
def test_known_exact_dependences_hold(seed, mix, scale):
    features = whole(seed, mix, scale)
    v = of_study(features)
    assert v["weight_space_angle"] == pytest.approx(math.degrees(math.acos(v["task_vector_cosine_similarity"])), abs=1e-5)
    for rank in ("effective_rank", "layerwise_effective_rank"):
        assert v[f"{rank}_mergeability_score"] == pytest.approx(2 - v[rank], abs=1e-14)
    r = v["singular_value_ratio"]
    assert v["spectral_gap"] == pytest.approx(1 - r, abs=1e-14)
    assert v["stable_rank"] == pytest.approx((1 + r) ** 2 / (1 + r**2), rel=1e-14)
    assert v["effective_rank"] == pytest.approx(entropy_rank([1, r]), rel=1e-13)
    for kind, sums in (("task_vector", features.inner_products), ("encoder_gradient", features.gradient_products)):
        squares = sums.aa.sum() + sums.bb.sum()
        assert v[f"{kind}_l2_distance"] ** 2 == pytest.approx(squares - 2 * v[f"{kind}_dot_product"], abs=1e-12 * squares)
        lengths = math.sqrt(sums.aa.sum() * sums.bb.sum())
        assert v[f"{kind}_cosine_similarity"] * lengths == pytest.approx(v[f"{kind}_dot_product"], abs=1e-12 * lengths)


@quickly
@given(seed=st.integers(0, 10**6))
def test_for_one_matrix_the_interaction_is_the_square_of_the_overlap(seed):
    features = whole(seed)
    for name, pair in features.spectra.items():
        v = metrics.compute_all(PairFeatures("ants", "bees", spectra={name: pair}))
        for end in ("top_k", "bottom_k"):
            assert v[f"interaction_matrix_overlap_{end}"] == pytest.approx(v[f"right_subspace_overlap_{end}"] ** 2, rel=1e-13)


def test_identical_models_are_recognised_exactly():
    v = of_study(whole(mix=1.0))
    for name, value in ((name, v[name]) for name in study.METRICS):
        if name.endswith("l2_distance") or name in ("weight_space_angle", "singular_value_ratio"):
            assert value == 0, name
        elif "cosine" in name or "magnitude_ratio" in name or name.endswith("score") or name == "spectral_gap":
            assert value == pytest.approx(1, abs=1e-15), name
        elif "overlap" in name or name.endswith("rank"):
            assert value == pytest.approx(1, abs=1e-12), name
        else:
            assert name.endswith("dot_product") and value > 0


def test_opposite_models_lie_on_one_line():
    v = of_study(whole(mix=-1.0))
    assert v["task_vector_cosine_similarity"] == -1
    assert v["weight_space_angle"] == 180
    assert v["effective_rank"] == pytest.approx(1, abs=1e-6)
    # A sign does not turn a subspace.
    assert v["subspace_overlap"] == pytest.approx(1, abs=1e-12)


def test_tripling_both_task_vectors_changes_no_angle_ratio_or_rank():
    p = whole(seed=4).inner_products
    larger = Products(p.names, *(9 * values for values in (p.aa, p.bb, p.ab, p.dd)))
    v, w = (metrics.compute_all(PairFeatures("ants", "bees", inner_products=sums)) for sums in (p, larger))
    for name in w.keys() & study.METRICS:
        factor = 9 if name.endswith("dot_product") else 3 if name.endswith("l2_distance") else 1
        assert w[name] == pytest.approx(factor * v[name], rel=1e-12)


@quickly
@given(seed=st.integers(0, 10**6), mix=st.floats(-1, 1), scale=st.floats(1e-3, 1e3))
def test_rank_metrics_agree_with_a_decomposition_of_the_two_row_stack(seed, mix, scale):
    random = np.random.default_rng(seed)
    x, other = random.normal(size=300), random.normal(size=300)
    y = scale * (mix * x + math.sqrt(1 - mix**2) * other)
    cuts = (100, 250)
    features = PairFeatures("ants", "bees", inner_products=products(*zip(np.split(x, cuts), np.split(y, cuts), strict=True)))
    s1, s2 = np.linalg.svd(np.stack([x, y]), compute_uv=False)
    v = metrics.compute_all(features)
    assert features.inner_products.total().singular_values() == pytest.approx((s1, s2), rel=1e-9, abs=1e-7 * s1)
    assert v["singular_value_ratio"] == pytest.approx(s2 / s1, abs=1e-7)
    assert v["stable_rank"] == pytest.approx((s1 + s2) ** 2 / (s1**2 + s2**2), abs=1e-6)
    assert v["effective_rank"] == pytest.approx(entropy_rank([s1, s2]), abs=1e-5)
    assert v["task_vector_l2_distance"] == pytest.approx(np.linalg.norm(x - y), rel=1e-12, abs=1e-12)
    ranks, weights = [], []
    for a, b in zip(np.split(x, cuts), np.split(y, cuts), strict=True):
        ranks.append(entropy_rank(np.linalg.svd(np.stack([a, b]), compute_uv=False)))
        weights.append(np.linalg.norm(a) + np.linalg.norm(b))
    assert v["layerwise_effective_rank"] == pytest.approx(np.average(ranks, weights=weights), abs=1e-5)


def entropy_rank(values):
    p = np.array([value for value in values if value > 0])
    p = p / p.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


@quickly
@given(seed=st.integers(0, 10**6), rows=st.integers(2, 40), columns=st.integers(2, 40))
def test_subspace_metrics_agree_with_principal_angles(seed, rows, columns):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(2, rows, columns))
    pair = tuple(spectrum(torch.from_numpy(matrix)) for matrix in (x, y))
    v = metrics.compute_all(PairFeatures("ants", "bees", spectra={"m": pair}))
    k = min(10, rows, columns)
    (u1, s1, v1), (u2, s2, v2) = (np.linalg.svd(matrix, full_matrices=False) for matrix in (x, y))
    for name, p, q in (
        ("subspace_overlap", u1[:, :k], u2[:, :k]),
        ("right_subspace_overlap_top_k", v1[:k].T, v2[:k].T),
        ("right_subspace_overlap_bottom_k", v1[-k:].T, v2[-k:].T),
    ):
        # The trace of the product of the two projections is the sum of squared cosines of the principal angles.
        cosines2 = np.trace((p @ p.T) @ (q @ q.T))
        assert v[name] == pytest.approx(math.sqrt(cosines2 / k), rel=1e-9)
        if "right" in name:
            assert v[name.replace("right_subspace", "interaction_matrix")] == pytest.approx(cosines2 / k, rel=1e-9)
    assert v["singular_value_overlap"] == pytest.approx(np.dot(s1, s2) / math.sqrt((s1**2).sum() * (s2**2).sum()), rel=1e-9)


def test_only_the_hundred_largest_singular_values_are_compared():
    values = torch.linspace(2, 1, 120, dtype=torch.float64)
    cut = torch.cat([values[:100], torch.full((20,), 1e-3)])
    pair = (spectrum(torch.diag(values)), spectrum(torch.diag(cut)))
    v = metrics.compute_all(PairFeatures("ants", "bees", spectra={"m": pair}))
    assert v["singular_value_overlap"] == pytest.approx(1, abs=1e-12)


def test_disjoint_subspaces_do_not_overlap():
    eye = torch.eye(30, dtype=torch.float64)
    first = spectrum(eye * torch.cat([torch.arange(40, 30, -1), torch.full((20,), 1.0)]))
    second = spectrum(eye * torch.cat([torch.full((20,), 1.0), torch.arange(30, 40)]))
    v = metrics.compute_all(PairFeatures("ants", "bees", spectra={"m": (first, second)}))
    for name in ("subspace_overlap", "right_subspace_overlap_top_k", "interaction_matrix_overlap_top_k"):
        assert v[name] == pytest.approx(0, abs=1e-12)


def test_matrices_untouched_in_either_model_are_left_out():
    features = whole(seed=2)
    expected = metrics.compute_all(PairFeatures("ants", "bees", spectra=features.spectra))
    blank = spectrum(torch.zeros(14, 12, dtype=torch.float64))
    first, second = features.spectra["visual.a.weight"]
    more = features.spectra | {"x": (blank, second), "y": (first, blank), "z": (blank, blank)}
    assert metrics.compute_all(PairFeatures("ants", "bees", spectra=more)) == expected


def test_tensors_untouched_in_either_model_are_left_out_of_the_layerwise_rank():
    random = np.random.default_rng(1)
    x, y, zero, tiny = *random.normal(size=(2, 50)), np.zeros(50), np.full(50, 1e-12)
    name = "layerwise_effective_rank"
    some = PairFeatures("ants", "bees", inner_products=products((x, y), (zero, y), (x, tiny), (zero, zero)))
    alone = PairFeatures("ants", "bees", inner_products=products((x, y)))
    assert metrics.compute(metrics.find(name), some) == metrics.compute(metrics.find(name), alone)


VECTORS = {
    "task_vector": "inner_products",
    "encoder_gradient": "gradient_products",
    "input_gradient": "probes",
    "activation": "probes",
}


@pytest.mark.parametrize("kind", VECTORS)
def test_vector_metrics_agree_with_numpy(kind):
    random = np.random.default_rng(9)
    x, y = random.normal(size=(2, 70))
    fields = {"inner_products": products((x[:30], y[:30]), (x[30:], y[30:]))}
    fields["gradient_products"] = fields["inner_products"]
    fields["probes"] = (Probe(x, x), Probe(y, y))
    v = metrics.compute_all(PairFeatures("ants", "bees", **{VECTORS[kind]: fields[VECTORS[kind]]}))
    assert v[f"{kind}_dot_product"] == pytest.approx(np.vdot(x, y), rel=1e-12)
    assert v[f"{kind}_l2_distance"] == pytest.approx(np.linalg.norm(x - y), rel=1e-12)
    cosine = np.vdot(x, y) / (np.linalg.norm(x) * np.linalg.norm(y))
    assert v[f"{kind}_cosine_similarity"] == pytest.approx(cosine, rel=1e-12)
    if f"{kind}_magnitude_ratio" in v:
        lengths = sorted((np.linalg.norm(x), np.linalg.norm(y)))
        assert v[f"{kind}_magnitude_ratio"] == pytest.approx(lengths[0] / lengths[1], rel=1e-12)


@pytest.mark.parametrize("name", study.METRICS)
def test_undefined_metrics_name_pair_metric_and_cause(name):
    """Both models the base itself, with no response and no gradient: only distance and dot product keep a meaning."""
    zero = np.zeros(30)
    blank = spectrum(torch.zeros(5, 4, dtype=torch.float64))
    flat = products((zero, zero))
    features = PairFeatures(
        "ants",
        "bees",
        inner_products=flat,
        spectra={"m": (blank, blank)},
        probes=(Probe(zero, zero), Probe(zero, zero)),
        gradient_products=flat,
    )
    if name.endswith(("l2_distance", "dot_product")):
        assert metrics.compute(metrics.find(name), features) == 0
    else:
        with pytest.raises(
            MergecastError, match=rf"^metric {name} of pair ants__bees: .*(zero|no tensor|no weight matrix).*; "
        ):
            metrics.compute(metrics.find(name), features)


@pytest.mark.parametrize("name", study.METRICS)
def test_a_zero_vector_beside_another_gives_a_number_or_says_why_not(name):
    x, zero = np.arange(1.0, 21.0), np.zeros(20)
    full, blank = spectrum(torch.from_numpy(x.reshape(5, 4))), spectrum(torch.zeros(5, 4, dtype=torch.float64))
    half = products((zero, x))
    features = PairFeatures(
        "ants",
        "bees",
        inner_products=half,
        spectra={"m": (blank, full)},
        probes=(Probe(zero, zero), Probe(x, x)),
        gradient_products=half,
    )
    expected = {
        "l2_distance": np.linalg.norm(x), "dot_product": 0, "magnitude_ratio": 0, "effective_rank": 1,
        "effective_rank_mergeability_score": 1, "stable_rank": 1, "spectral_gap": 1, "singular_value_ratio": 0,
    }  # fmt: skip
    key = next((key for key in expected if name == key or (name.endswith(key) and "rank" not in key)), None)
    if key is None:
        with pytest.raises(MergecastError, match=rf"^metric {name} of pair ants__bees: "):
            metrics.compute(metrics.find(name), features)
    else:
        assert metrics.compute(metrics.find(name), features) == pytest.approx(expected[key])


@pytest.mark.parametrize("name", study.METRICS)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_an_error(name, bad):
    x = np.full(12, bad)
    sick = spectrum(torch.eye(4, dtype=torch.float64))
    sick = type(sick)(*(np.full_like(array, bad) for array in vars(sick).values()))
    one = np.ones(12)
    broken = Products(("t",), np.array([bad]), np.ones(1), np.ones(1), np.ones(1))
    features = PairFeatures(
        "ants",
        "bees",
        inner_products=broken,
        spectra={"m": (sick, sick)},
        probes=(Probe(x, x), Probe(one, one)),
        gradient_products=broken,
    )
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(MergecastError, match=f"^metric {name} of pair ants__bees: .*(NaN|inf)"),
    ):
        metrics.compute(metrics.find(name), features)


def test_a_metric_that_reads_a_feature_it_does_not_declare_is_told_so():
    with pytest.raises(AttributeError, match="no feature 'probes' was asked for; a metric names what it reads in `needs`"):
        _ = PairFeatures("ants", "bees", spectra={}).probes


@pytest.mark.parametrize("name", study.METRICS)
def test_a_feature_that_was_not_given_is_named(name):
    need = metrics.find(name).needs[0]
    with pytest.raises(MergecastError, match=f"^metric {name} of pair ants__bees: needs the feature '{need}'"):
        metrics.compute(metrics.find(name), PairFeatures("ants", "bees"))


def test_a_declaration_must_name_known_features_and_say_what_it_means():
    with pytest.raises(MergecastError, match="^unknown feature 'spectrum'; did you mean 'spectra'\\? Known: additive, "):
        metric(needs=("spectrum",))
    with pytest.raises(ValueError, match="'silent' has no docstring"):

        @metric(needs=("spectra",))
        def silent(features):
            return 0.0


def test_a_name_defined_twice_is_refused(monkeypatch):
    module = sys.modules["mergecast.metrics.subspace"]
    twin = type(metrics.find("stable_rank"))("stable_rank", "subspace", ("spectra",), "A twin.", "Its formula.", len)
    monkeypatch.setattr(module, "twin", twin, raising=False)
    metrics.catalogue.cache_clear()
    try:
        with pytest.raises(MergecastError, match="'stable_rank' is defined in effective_rank and subspace"):
            metrics.catalogue()
    finally:
        monkeypatch.undo()
        metrics.catalogue.cache_clear()
    assert metrics.find("stable_rank") is rank_module.stable_rank


@pytest.mark.parametrize("name", metrics.catalogue())
def test_a_metric_says_how_it_is_defined(name):
    assert metrics.find(name).definition, "the paragraph after the first line gives formula and range"
