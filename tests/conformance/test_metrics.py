"""The 18 weight metrics against values made by the published formulas on small checkpoints.

The reference took linear maps alone, as we do (no positional embedding, `visual.proj` transposed), and divided
`subspace_overlap` by k where we divide by its root.
"""

import csv
import re

import pytest

import study
from mergecast import metrics
from mergecast.features._pair import pair_features
from mergecast.models.checkpoints import open_checkpoint

SETS = ("a", "b")
K = 10  # every matrix in both sets has a rank dimension of at least 10


@pytest.fixture(scope="module", params=SETS)
def values(request, shared):
    """For one set: [(pair, published values, ours)]."""
    folder = shared / "conformance" / request.param
    base = open_checkpoint(folder / "base.safetensors")
    states = {path.stem: open_checkpoint(path, base) for path in sorted(folder.glob("task*.safetensors"))}
    matrices = [name for name in base if re.search(r"attn\.\w+weight|out_proj\.weight|mlp.*weight|visual\.proj", name)]
    assert all(min(base.shape(name)) >= K for name in matrices)
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        a, b = row.pop("task_a"), row.pop("task_b")
        published = {name: float(value) for name, value in row.items()}
        published["subspace_overlap"] *= K**0.5
        ours = metrics.compute_all(pair_features(base, states[a], states[b], (a, b)))
        found.append((f"{a}__{b}", published, ours))
    assert len(found) == len(states) * (len(states) - 1) // 2
    return found


def test_the_table_holds_every_weight_metric_of_the_study(values):
    for _, published, ours in values:
        assert set(published) == set(study.OF_WEIGHTS) <= set(ours)


@pytest.mark.parametrize("name", study.OF_WEIGHTS)
def test_a_metric_agrees_with_its_published_formula(values, name):
    for pair, published, ours in values:
        assert ours[name] == pytest.approx(published[name], rel=1e-4, abs=1e-6), pair
