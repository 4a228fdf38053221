"""The plain versions that benchmarks compare with are references of their own: the library gives the same numbers."""

import pytest
import torch

import _textbook
import language_model
import study
from _naive_metrics import pair_metrics
from mergecast import merging, metrics
from mergecast.features._pair import pair_features
from mergecast.models.checkpoints import State
from mergecast.seeding import seed_for
from states import same, state, step, tuned

# Every rank dimension differs from the other, and one is below ten.
SHAPES = {
    "visual.class_embedding": (24,),
    "visual.conv1.weight": (24, 3, 2, 2),
    "visual.positional_embedding": (5, 24),
    "visual.proj": (24, 8),
    "visual.transformer.resblocks.0.attn.in_proj_weight": (72, 24),
    "visual.transformer.resblocks.0.mlp.c_proj.weight": (24, 96),
    "visual.transformer.resblocks.0.mlp.c_proj.bias": (24,),
}


def draw(place, name, shape):
    stream = torch.Generator().manual_seed(seed_for("dare", "abcdef"[place], name, seed=0))
    return torch.rand(shape, generator=stream, dtype=torch.float64)


@pytest.mark.parametrize("method", [*study.METHODS, "ties, trim=global"])
@pytest.mark.parametrize("count", [2, 3])
def test_every_method_of_the_study_gives_what_the_plain_version_gives(method, count):
    base = state(0, SHAPES)
    models = tuned(base, *range(1, count + 1))
    name, _, parameter = method.partition(", trim=")
    given = {"trim": parameter} if parameter else {}
    plain = _textbook.METHODS[name](base, list(models.values()), **given, **({"draw": draw} if name == "dare" else {}))
    expected, found = step(plain, base), step(merging.merge(name, base, models, given), base)
    for tensor in base:
        assert torch.linalg.norm(found[tensor] - expected[tensor]) <= 1e-5 * torch.linalg.norm(expected[tensor]), tensor


def test_every_weight_metric_of_the_study_gives_what_the_plain_procedure_gives():
    base = state(0, SHAPES)
    a, b = tuned(base, 1, 2).values()
    b = {name: b[name] + 0.3 * (a[name] - base[name]) for name in base}
    found = metrics.compute_all(pair_features(base, a, b))
    plain = pair_metrics(base, a, b)
    assert plain.keys() == set(study.OF_WEIGHTS)
    assert {name: found[name] for name in plain} == pytest.approx(plain, rel=1e-9)


def test_the_benchmark_of_language_models_measures_what_it_says(tmp_path):
    assert language_model.count(language_model.shapes(2e8)) <= 2e8 < 1.5 * language_model.count(language_model.shapes(2e8))
    files = language_model.make(tmp_path, 4e5, 2)
    assert [path.stem for path in files] == ["base", "m1", "m2"]
    base, *models = (State(path) for path in files)
    assert sum(tensor.numel() for tensor in base.values()) == language_model.count(language_model.shapes(4e5)) <= 4e5
    merged = language_model.measure("ties", files)
    assert same(State(tmp_path / "merged.safetensors"), merging.merge("ties", base, dict(zip("ab", models, strict=True))))
    assert merged["model_mb"] == pytest.approx(merged["written_mb"], rel=1e-2) == files[0].stat().st_size / 1e6
    measured = language_model.measure("metrics", files)
    assert measured["seen"]["matrices"] == 7 and measured["seen"]["embeddings"] == 2
    assert measured["values"].keys() == set(study.OF_WEIGHTS)
    for report in (merged, measured):
        assert report["cpu_s_per_gb"] > 0 and report["peak_over_model"] > 0
