"""What really runs, seen by Python itself, against what `code_hash` finds by syntax: every function called is among it."""

import ast
import inspect
import sys
import threading
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

import folds
import images
import metric
import synthetic
from mergecast import catalogue, merging, metrics, prediction
from mergecast.features import _make, _products, spectra
from mergecast.features._store import Store
from mergecast.prediction import design
from mergecast.workflow.code_hash import here
from states import state, tuned

TASKS = ["a", "b"]
SETTING = "tiny"


class Trace:
    """Names, as `Code.closure` has them, of all that holds a function called inside it; not of files being imported."""

    def __enter__(self):
        self.called = set()
        threading.setprofile(self._see)
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)
        threading.setprofile(None)

    def _see(self, frame, event, _):
        # Bodies of modules and classes are no optimised code.
        if event == "call" and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
            self.called.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    def names(self) -> set[str]:
        ours = {(path, line) for path, line in self.called if Path(path).is_relative_to(here().scripts)}
        return {f"{Path(path).relative_to(here().scripts)}:{holder(path, line)}" for path, line in ours}


@cache
def statements(path: str) -> list[ast.stmt]:
    return ast.parse(Path(path).read_text()).body


def holder(path: str, line: int) -> str:
    """The name that the statement on a line of a file defines; none for one that only runs."""
    (found,) = (
        each
        for each in statements(path)
        if min([each.lineno, *(d.lineno for d in getattr(each, "decorator_list", []))]) <= line <= each.end_lineno
    )
    return getattr(found, "name", None) or getattr(getattr(found, "targets", [None])[0], "id", "")


def job(*output, input=(), wildcards=(), **params) -> SimpleNamespace:
    """What a script sees of Snakemake."""
    spaces = {"input": dict(input), "wildcards": dict(wildcards), "params": params}
    return SimpleNamespace(output=list(output), threads=1, **{key: SimpleNamespace(**space) for key, space in spaces.items()})


def assert_found(trace: Trace, *asked: str) -> None:
    called, found = trace.names(), here().closure(*asked)
    assert called, "nothing was traced"
    assert called <= found.keys(), sorted(called - found.keys())


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """A folder with the features of two models, which the workflow would have made."""
    folder = tmp_path_factory.mktemp("features")
    features, base = folder / f"results/{SETTING}/features", state(0)
    models, random = tuned(base, 1, 2), np.random.default_rng(3)
    hashes = dict(zip(TASKS, ("1", "2"), strict=True))
    for name, origin in (("inner_products", base), ("gradient_products", None)):
        table = _products.arrays(_products.products(models, origin, progress=False))
        _make.save_table(features / f"{name}.npz", table, sha256=hashes, base_sha256="0")
    for task in TASKS:
        header = {"task": task, "checkpoint_sha256": hashes[task], "base_sha256": "0"}
        found = spectra.arrays(spectra.spectra(base, models[task], progress=False))
        _make.save_tensors(features / f"spectra/{task}.safetensors", found, header, seal_each=True)
        probes = {}
        for shown in TASKS:
            probes[f"{shown}/activation"], probes[f"{shown}/count"] = random.normal(size=6), np.array(3)
            probes[f"{shown}/input_gradient"] = random.normal(size=24).astype(np.float32)
        (features / "probes").mkdir(exist_ok=True)
        save_file(probes, features / f"probes/{task}.safetensors", header)
    return folder


HERE = {"inner_products", "gradient_products", "spectra", "probes"}  # what `features` makes


@pytest.mark.parametrize("name", [name for name, metric in metrics.catalogue().items() if {*metric.needs} <= HERE])
def test_all_that_a_metrics_job_calls_is_hashed(name, features, monkeypatch):
    monkeypatch.chdir(features)
    metrics.catalogue.cache_clear()
    output = Path(f"results/{SETTING}/metrics/{name}/a__b.json")
    with Trace() as trace:
        metric.main(job(output, wildcards={"metric": name}, setting=SETTING, pairs=[("a", "b")], parameters={}, seed=0))
    category, needs = metrics.find(name).category, metrics.find(name).needs
    assert output.is_file()
    assert f"mergecast/metrics/{category}.py:{name}" in trace.names()
    assert_found(trace, "metric.py", f"metrics.{category}:{name}", *(f"features.{need}" for need in needs))


@pytest.mark.parametrize("method", catalogue.names("merging"))
def test_all_that_a_merge_calls_is_hashed(method):
    base = state(0)
    models = {task: merging.Placed(model, "cpu") for task, model in tuned(base, 1, 2).items()}
    with Trace() as trace:
        merging.merge(method, merging.Placed(base, "cpu"), models, svd=merging.shared_svd(method, "a"))
    assert f"mergecast/merging/{method}.py:merge" in trace.names()
    assert_found(trace, "merge.py", f"merging.{method}")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A folder of made-up tables."""
    return synthetic.write(tmp_path_factory.mktemp("tables"), tasks=5, methods=("weight_avg", "ties")) / "tables"


@pytest.mark.parametrize("predictor", prediction.kinds())
def test_all_that_a_predictors_job_calls_is_hashed(predictor, tables, tmp_path):
    asked = design.INPUTS[prediction.inputs(predictor)]
    tasks, target, nulls = synthetic.TASKS[:5], "normalised_accuracy", tmp_path / "nulls.csv"
    params = {"tasks": tasks, "methods": ["weight_avg", "ties"], "levels": [0.5], "seed": 0}
    grid = {target: {"loto": {"permutations": 1, "costly": 1}}}
    files = {"tables": [str(tables / f"{name}.csv") for name in ("merges", *asked)]}
    this = job(input=files, wildcards={"predictor": predictor, "setting": SETTING}, grid=grid, **params)
    this.output = SimpleNamespace(folds=tmp_path / "folds.json", nulls=nulls)
    with Trace() as trace:
        folds.main(this)
    module = f"{prediction.WINGS[prediction.kind(predictor)]}.{predictor}"
    assert nulls.is_file()
    assert f"mergecast/{module.replace('.', '/')}.py:make" in trace.names()
    assert_found(trace, "folds.py", module)


@pytest.mark.parametrize("source, options", [("procedural", "figure=shapes train=40 test=20"), ("digits", "")])
def test_all_that_making_images_calls_is_hashed(source, options, tmp_path):
    row = {"task": "some", "source": source, "options": options}
    with Trace() as trace:
        images.main(job(tmp_path / "some.safetensors", row=row, size=32, seed=0))
    assert f"mergecast/tasks/sources/{source}.py:load" in trace.names()
    assert_found(trace, "images.py", f"tasks.sources.{source}")


def test_a_call_that_is_not_hashed_would_be_seen(features, monkeypatch):
    monkeypatch.chdir(features)
    with Trace() as trace:
        metrics.find("effective_rank").function(Store(f"results/{SETTING}/features").pair("a", "b", ["inner_products"]))
    with pytest.raises(AssertionError, match="effective_rank.py:_effective_rank"):
        assert_found(trace, "metric.py", "metrics.subspace:subspace_overlap")
