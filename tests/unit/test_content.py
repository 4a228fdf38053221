"""What a user gives, known by its content; parameters, known by their names."""

import os
import shutil
from types import SimpleNamespace

import pytest

from mergecast.workflow import content
from mergecast.workflow.content import CACHE, content_hash_of
from mergecast.workflow.declared import NAME, declare


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working directory of its own, in which every file is large and every change settled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(content, "SMALL", 0)
    monkeypatch.setattr(content, "SETTLED", -1.0)


def known(path) -> str:
    """The hash a new process would find."""
    content_hash_of.cache_clear()
    return content_hash_of(path)


def reads(monkeypatch) -> list:
    """What is read from now on, path by path."""
    found, read = [], content._hash
    monkeypatch.setattr(content, "_hash", lambda path, files: (found.append(path), read(path, files))[1])
    return found


@pytest.fixture(params=["file", "folder"])
def given(request, tmp_path):
    """A file, alone or in a folder that is given: (what is given, the file)."""
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"one")
    (folder / "b.bin").write_bytes(b"two")
    return (folder if request.param == "folder" else folder / "a.bin"), folder / "a.bin"


def test_a_touch_or_a_copy_changes_nothing(given, tmp_path):
    path, file = given
    before = known(path)
    os.utime(file, (1, 1))
    assert known(path) == before
    (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / "copy")
    assert known(tmp_path / "copy") == before


@pytest.mark.parametrize("how", ["moved there", "copied with its time", "written in place"])
def test_other_content_of_the_same_size_and_an_older_time_is_noticed(given, tmp_path, how):
    path, file = given
    before, status = known(path), file.stat()
    other = tmp_path / "other"
    other.write_bytes(b"two" if how != "written in place" else b"eno")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))
    if how == "moved there":
        os.replace(other, file)
    elif how == "copied with its time":
        shutil.copy2(other, file)
    else:
        file.write_bytes(b"eno")
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert known(path) != before


def test_a_file_of_another_name_in_a_folder_is_noticed(tmp_path):
    (tmp_path / "given").mkdir()
    (tmp_path / "given/a").write_bytes(b"one")
    before = known("given")
    os.rename("given/a", "given/b")
    assert known("given") != before


def test_a_file_is_read_once_for_as_long_as_it_stays_the_same(given, monkeypatch):
    path, file = given
    found = reads(monkeypatch)
    assert known(path) == known(path)
    assert found == [path]
    os.utime(file, (1, 1))
    assert known(path) == known(path)
    assert found == [path, path]


def test_a_file_that_may_change_again_in_the_same_tick_of_the_clock_is_read_again(given, monkeypatch):
    monkeypatch.setattr(content, "SETTLED", 60.0)
    found = reads(monkeypatch)
    assert known(given[0]) == known(given[0])
    assert found == [given[0], given[0]]


def test_what_is_small_is_read_each_time_and_no_hash_of_it_is_kept(given, monkeypatch):
    monkeypatch.setattr(content, "SMALL", 100)
    assert known(given[0]) == known(given[0])
    assert not CACHE.exists()


def test_what_takes_its_time_to_read_is_said_once(given, monkeypatch, capsys):
    monkeypatch.setattr(content, "LARGE", 1)
    assert known(given[0]) == known(given[0])
    assert capsys.readouterr().err == f"{given[0]}: 0 GB are read once, to know them again\n"


@pytest.mark.parametrize("kept", [b"", b"[]", b"{", b'{"state": 1}', b"\xff"])
def test_what_is_kept_and_damaged_is_made_anew(given, kept):
    before = known(given[0])
    (file,) = CACHE.iterdir()
    file.write_bytes(kept)
    assert known(given[0]) == before
    assert file.read_bytes() != kept


def test_a_cache_that_cannot_be_written_is_no_failure(given):
    CACHE.parent.parent.mkdir()
    CACHE.parent.write_text("a file in the place of the folder")
    assert len(known(given[0])) == 64


def test_nothing_to_read_is_known_by_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    assert [known("owner/pets"), known("empty"), known("link")] == ["", "", ""]


class Rule(SimpleNamespace):
    """What `declare` sees of Snakemake's rules."""

    def set_params(self, **params):
        self.params |= params


def declared(params: dict, wildcards: dict = {}, folder="/here") -> str | None:
    rule = Rule(snakefile="/here/rules/a.smk", params=dict(params), log=["results/logs/a.log"])
    declare([rule], folder)
    return rule.params[NAME](wildcards) if NAME in rule.params else None


def test_parameters_that_exchange_their_values_are_told_apart():
    assert declared({"a": 1, "b": 2}) != declared({"a": 2, "b": 1})
    assert declared({"a": 1, "b": 2}) == declared({"b": 2, "a": 1})


def test_a_parameter_by_wildcards_counts_by_its_value_and_one_by_inputs_is_left_to_snakemake():
    one = {"a": lambda wildcards: wildcards["task"]}
    assert declared(one, {"task": "x"}) == declared({"a": "x"}) != declared(one, {"task": "y"})
    assert declared({"a": 1, "b": lambda wildcards, input: input}) == declared({"a": 1})


def test_rules_without_parameters_and_those_of_others_are_left_alone():
    assert declared({}) is None
    assert declared({"a": 1}, folder="/there") is None
