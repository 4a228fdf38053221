"""The record a job leaves of what its results were made from."""

from types import SimpleNamespace

import pytest

from mergecast.files import write_json
from mergecast.workflow import content, records


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A workflow's folder; hashes are those of the moment."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("1")
    monkeypatch.setattr(records, "content_hash_of", content.content_hash_of.__wrapped__)
    return tmp_path


def run(log: str, *outputs: str, text: str = "made", **params):
    """A job that writes its outputs and leaves its record."""
    for path in outputs:
        records.Path(path).parent.mkdir(parents=True, exist_ok=True)
        records.Path(path).write_text(text)
    job = SimpleNamespace(rule="some", input=["in.csv"], output=[*outputs, "gone"], params=params, log=[log])
    records.write(job)
    return records.read(log)


def other(record: str, **versions: str) -> None:
    """A record as other versions would have left it."""
    changed = records.read_json(record)
    changed["versions"] |= versions
    write_json(record, changed)
    write_json("results/records/versions/0.json", changed["versions"])


def test_a_record_lies_where_its_log_does_in_a_folder_of_its_own():
    assert str(records.place("results/a/logs/merges/dare/x__y.log")) == "results/a/records/merges/dare/x__y.json"
    assert str(records.place("results/logs/page.log")) == "results/records/page.json"


def test_a_record_names_inputs_outputs_parameters_and_versions():
    record = run("results/a/logs/t.log", "results/a/t.json", seed=0, name="a")
    assert record["rule"] == "some" and record["params"] == {"seed": "0", "name": "'a'"}
    assert list(record["inputs"]) == ["in.csv"] and list(record["outputs"]) == ["results/a/t.json"]
    assert {"torch", "numpy", "scipy", "scikit-learn", "open_clip_torch"} >= set(record["versions"]) >= {"numpy"}


def test_a_job_whose_log_lies_elsewhere_leaves_no_record(folder):
    assert run("elsewhere.log", "x.json") is None
    assert not list(folder.rglob("records"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"versions": {}}'])
def test_what_is_no_record_is_read_as_none(text):
    records.place("results/a/logs/t.log").parent.mkdir(parents=True)
    records.place("results/a/logs/t.log").write_text(text)
    assert records.read("results/a/logs/t.log") is None
    assert records.read("results/a/logs/another.log") is None
    assert records.every() == {}


def test_of_several_records_about_a_file_the_latest_counts():
    run("results/a/logs/one.log", "results/a/x.json", "results/a/y.json")
    run("results/a/logs/two.log", "results/a/y.json", text="made again")
    outputs = {place.stem: list(record["outputs"]) for place, record in records.every().items()}
    assert outputs == {"one": ["results/a/x.json"], "two": ["results/a/y.json"]}


def test_a_record_of_nothing_that_is_there_is_left_out():
    run("results/a/logs/one.log", "results/a/x.json")
    run("results/a/logs/two.log", "results/a/x.json", text="made again")
    assert [place.stem for place in records.every()] == ["two"]


def test_other_versions_are_counted_and_no_longer_known_when_none_is_left():
    run("results/a/logs/one.log", "results/a/x.json")
    run("results/logs/two.log", "results/y.json")
    assert records.other_versions() == {} and "jobs_of_other_versions" not in records.shown_versions()
    other("results/a/records/one.json", numpy="1.26.4", torch="2.1.0")
    other("results/records/two.json", numpy="1.26.4", torch="2.1.0")
    assert records.other_versions() == {"numpy 1.26.4, torch 2.1.0": 2}
    assert records.shown_versions()["jobs_of_other_versions"] == {"numpy 1.26.4, torch 2.1.0": 2}
    records.forget_versions()
    assert records.Path("results/records/versions/0.json").exists()
    run("results/a/logs/one.log", "results/a/x.json")
    run("results/logs/two.log", "results/y.json")
    records.forget_versions()
    assert not records.Path("results/records/versions/0.json").exists()


def test_a_package_that_is_not_installed_here_is_not_another_version():
    assert records.differing({"no_such_package": "1.0"}) == ""
