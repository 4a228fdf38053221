"""What a feature declares, and what follows from it."""

import subprocess
import sys
from dataclasses import replace

import pytest

from mergecast import catalogue, features
from mergecast.errors import MergecastError


def test_every_module_of_the_folder_is_a_feature_that_declares_what_is_possible():
    assert {"gradient_products", "gradients", "inner_products", "probes", "spectra"} <= set(features.names())
    for name in features.names():
        assert features.find(name).name == name
        assert catalogue.summary("features", name).endswith(".")


def test_declarations_are_read_without_importing_the_features(root):
    code = (
        "import sys; from mergecast import features; list(map(features.find, features.names())); "
        "print([name for name in sys.modules if name.startswith('mergecast.features.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root / "workflow/scripts"
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_feature_is_answered_with_the_closest_one():
    with pytest.raises(MergecastError, match="^unknown feature 'probe'; did you mean 'probes'\\? Known: additive, "):
        features.find("probe")


def test_what_a_feature_is_made_from_comes_before_it():
    assert features.with_needs(["gradient_products", "probes", "gradients"]) == ("gradients", "gradient_products", "probes")


@pytest.mark.parametrize(
    "name, sees",
    [("inner_products", False), ("spectra", False), ("probes", True), ("gradients", True), ("gradient_products", True)],
)
def test_a_feature_sees_images_if_one_that_it_is_made_from_does(name, sees):
    assert features.sees_images(name) is features.calibrated(name) is sees
    assert (name in features.of_weights()) is not sees


def test_a_feature_made_from_others_alone_is_made_from_no_checkpoint():
    assert not features.find("gradient_products").weights
    assert features.find("gradients").weights and features.find("inner_products").weights


def test_a_job_of_several_features_asks_for_what_the_largest_needs_and_the_time_of_all():
    assert features.resources(["spectra"]) == {"device": "cpu", "minutes": 60, "memory": 2000, "copies": 4}
    assert features.resources(["gradients", "probes", "spectra"]) == {
        "device": "gpu",
        "minutes": 150,
        "memory": 3000,
        "copies": 8,
    }


SMALL = {"device": "cpu", "minutes": 1, "memory": 1}
OF_GRID = {"scope": "grid", "file": "x.npz"}
FAULTS = {
    "an unknown scope": ({"scope": "pair"}, "SCOPE is 'pair'; give 'checkpoint' or 'grid'"),
    "no file": ({"file": ""}, "FILE is ''; a feature with SCOPE 'checkpoint' has a file NAME/{task}.safetensors"),
    "one file for all checkpoints": ({"file": "x.npz"}, "a feature with SCOPE 'checkpoint' has a file NAME/{task}.safetensors"),
    "a file a task for the grid": ({"scope": "grid"}, "a feature with SCOPE 'grid' has a file NAME.npz"),
    "no resources": ({"resources": {}}, "RESOURCES must give device, minutes and memory"),
    "an unknown device": ({"resources": SMALL | {"device": "tpu"}}, "device is 'tpu'; give one of cpu, gpu"),
    "unknown images": ({"images": "some"}, "IMAGES is 'some'; give 'all', or 'own'"),
    "own images of a grid": (OF_GRID | {"images": "own"}, "IMAGES is 'own'; give 'all'"),
    "an unknown need": ({"needs": ("probe",)}, "NEEDS: unknown feature 'probe'; did you mean 'probes'?"),
    "a need of the grid": ({"needs": ("inner_products",)}, "NEEDS 'inner_products', a feature of the whole grid"),
    "a need that needs it": ({"name": "gradients", "needs": ("gradient_products",)}, "NEEDS leads back to itself"),
    "copies of no checkpoint": ({"needs": ("probes",)}, "reads no checkpoint; leave out copies"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_declaration_that_is_not_possible_is_told_what_to_give(fault):
    changes, line = FAULTS[fault]
    faults = list(features._faults(replace(features.find("spectra"), **changes)))
    assert any(line in found for found in faults), faults
    assert not list(features._faults(features.find("spectra")))


def test_a_constant_that_is_no_literal_is_refused_by_name(tmp_path, monkeypatch):
    (tmp_path / "wing").mkdir()
    (tmp_path / "wing/thing.py").write_text("SCOPE = 'gr' + str(1)\nFILE = 'a'\n")
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    assert catalogue.literal("wing", "thing", "FILE") == "a"
    assert catalogue.literal("wing", "thing", "NEEDS", ()) == ()
    with pytest.raises(MergecastError, match="wing/thing.py: SCOPE is no literal; spell out its value"):
        catalogue.literal("wing", "thing", "SCOPE")
