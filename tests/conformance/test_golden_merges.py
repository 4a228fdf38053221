"""Every golden merge of the published code, for two and three models."""

import pytest

from mergecast import merging
from mergecast.models.checkpoints import State, open_checkpoint

TOLERANCE = 1e-4
METHODS = {
    "weight_avg": "weight_avg",
    "task_arithmetic": "task_arithmetic",
    "ties": "ties",
    "tsv": "tsv",
    "tall_masks": "tall_masks",
    "isotropic": "iso_c",
    "iso_cts": "iso_cts",
}


def relative_errors(merged, golden, base) -> dict[str, float]:
    """Relative Frobenius error of θ − θ0, by tensor."""
    errors = {}
    for name in base:
        step = golden[name].double() - base[name].double()
        errors[name] = float((merged[name].double() - golden[name].double()).norm() / step.norm())
    return errors


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("published", sorted(METHODS))
@pytest.mark.parametrize("collection", ["a", "b"])
def test_a_merge_is_what_the_published_code_gives(shared, collection, published, count):
    folder = shared / "conformance" / collection
    base = open_checkpoint(folder / "base.safetensors")
    models = {f"task{i}": open_checkpoint(folder / f"task{i}.safetensors", base) for i in range(count)}
    merged = merging.merge(METHODS[published], base, models)
    golden = State(folder / "merged" / f"{published}_{count}.safetensors")
    assert merged.keys() == golden.keys()
    errors = relative_errors(merged, golden, base)
    worst = max(errors, key=errors.get)
    assert errors[worst] <= TOLERANCE, f"{worst}: {errors[worst]:.2e}"


def test_every_golden_merge_has_a_method(shared):
    files = (shared / "conformance").glob("*/merged/*.safetensors")
    assert {path.stem.rpartition("_")[0] for path in files} == set(METHODS)


def test_a_scale_that_is_off_by_a_thousandth_is_seen(shared):
    folder = shared / "conformance" / "a"
    base = open_checkpoint(folder / "base.safetensors")
    models = {f"task{i}": open_checkpoint(folder / f"task{i}.safetensors", base) for i in range(2)}
    golden = State(folder / "merged" / "task_arithmetic_2.safetensors")
    merged = merging.merge("task_arithmetic", base, models, {"scale": 0.3003})
    assert min(relative_errors(merged, golden, base).values()) > TOLERANCE
