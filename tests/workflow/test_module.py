"""Another workflow uses this one as a module, and plans what this one plans."""

import pytest

import grid as small

USES = """
{configfile}

module mergecast:
    snakefile:
        "{snakefile}"
    {config}


use rule * from mergecast
"""


def jobs(plan: small.Plan) -> list:
    return sorted(plan.jobs)


@pytest.fixture(scope="module")
def demo(root, tmp_path_factory) -> small.Plan:
    """What a dry run of the demo plans, in a copy of the workflow without results."""
    grid = small.Grid.new(root, tmp_path_factory.mktemp("demo"))
    for name in ("config.yaml", "tasks.tsv"):
        (grid.folder / "config" / name).write_bytes((root / "config" / name).read_bytes())
    plan = grid.planned()
    assert ("all", ()) in plan.jobs
    return plan


@pytest.mark.parametrize("snakefile", ["workflow/Snakefile", "Snakefile"])
def test_a_workflow_that_says_nothing_of_a_configuration_plans_the_demo(root, demo, tmp_path, snakefile):
    (tmp_path / "Snakefile").write_text(USES.format(configfile="", snakefile=root / snakefile, config=""))
    assert jobs(small.Grid(tmp_path).planned()) == jobs(demo)


def test_a_workflow_with_a_configuration_of_its_own_plans_that(root, tmp_path):
    own = small.Grid.new(root, tmp_path / "own")
    user = small.Grid(tmp_path / "user")
    (user.folder / "config").mkdir(parents=True)
    for name in ("config.yaml", "tasks.tsv"):
        (user.folder / "config" / name).write_bytes((own.folder / "config" / name).read_bytes())
    (user.folder / "Snakefile").write_text(
        USES.format(
            configfile='configfile: "config/config.yaml"', snakefile=root / "workflow/Snakefile", config="config: config"
        )
    )
    assert jobs(user.planned()) == jobs(own.planned())


def test_the_rule_all_of_a_workflow_of_its_own_stays_the_target(root, tmp_path):
    (tmp_path / "Snakefile").write_text(
        'rule mine:\n    input: "results/tiny_AdamW/base.safetensors"\n'
        + USES.format(configfile="", snakefile=root / "workflow/Snakefile", config="")
    )
    assert {name for name, _ in small.Grid(tmp_path).planned().jobs} == {"mine", "clip", "base"}
