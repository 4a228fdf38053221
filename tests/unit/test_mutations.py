"""Every mistake of tests/mutations.py is one line before any job; here by the functions that the Snakefile calls."""

import pytest
from jsonschema import ValidationError
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from mergecast.config import resolve
from mergecast.config.messages import check_file, explain
from mergecast.errors import MergecastError
from mergecast.tasks.table import read_tasks
from mutations import CONFIG, MUTATIONS, TASKS, demo, without_numbers


@pytest.fixture
def folder(root, tmp_path, monkeypatch):
    """The folder of the demo, in which a run would start."""
    monkeypatch.chdir(tmp_path)
    return demo(root, tmp_path)


def settings(root):
    """What the Snakefile makes of the configuration. Raises MergecastError with what it would tell."""
    check_file(CONFIG)
    config = load_configfile(CONFIG)
    try:
        validate(config, str(root / "workflow/schemas/config.schema.yaml"))
    except WorkflowError as error:
        assert isinstance(error.__context__, ValidationError)
        raise MergecastError(explain(error.__context__)) from error
    return resolve(config, read_tasks(config.get("tasks_file"), config.get("images")))


def test_the_demo_itself_has_no_mistake(folder, root):
    assert list(settings(root)) == ["tiny_AdamW"]


def test_there_are_sixty_mistakes_and_more_and_no_two_are_one(root, tmp_path):
    made = set()
    for change, _ in MUTATIONS.values():
        change(demo(root, tmp_path))
        made.add(tuple((tmp_path / name).read_bytes() for name in (CONFIG, TASKS)))
    assert len(made) == len(MUTATIONS) >= 60


@pytest.mark.parametrize("mistake", MUTATIONS)
def test_a_mistake_in_the_configuration_is_one_line_that_names_the_key_or_the_file(mistake, folder, root):
    change, line = MUTATIONS[mistake]
    change(folder)
    with pytest.raises(MergecastError) as told:
        settings(root)
    assert line in without_numbers(str(told.value)) and "\n" not in str(told.value)
