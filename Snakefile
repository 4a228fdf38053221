"""Mergecast: which fine-tuned models merge well, forecast before merging. A table of contents; see workflow/rules."""

import os
import re
import sys
from dataclasses import asdict
from pathlib import Path

from jsonschema import ValidationError
from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version, validate

min_version("9.0")
sys.path.insert(0, str(Path(workflow.current_basedir) / "workflow" / "scripts"))

from mergecast.workflow.clone import lead_jobs_here
from mergecast.workflow.code_hash import code
from mergecast.config import remarks, resolve
from mergecast.errors import MergecastError
from mergecast.workflow.planning import hasten, planned
from mergecast.tasks.table import read_tasks
from mergecast.config.messages import check_file, explain

lead_jobs_here()
hasten()

try:
    for path in workflow.configfiles or [f"{workflow.current_basedir}/config/config.yaml"]:
        check_file(path)
except MergecastError as error:
    raise WorkflowError(str(error))

if not workflow.configfiles:

    configfile: workflow.source_path("config/config.yaml")


try:
    validate(config, "workflow/schemas/config.schema.yaml")
    TASKS = read_tasks(config.get("tasks_file"), config.get("images"))
    SETTINGS = resolve(config, TASKS)
except MergecastError as error:
    raise WorkflowError(str(error))
except WorkflowError as error:
    raise WorkflowError(explain(error.__context__)) if isinstance(error.__context__, ValidationError) else error


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/common_analysis.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/base.smk"
include: "workflow/rules/finetune.smk"
include: "workflow/rules/external_checkpoints.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/merging.smk"
include: "workflow/rules/subsets.smk"
include: "workflow/rules/external_tables.smk"
include: "workflow/rules/prediction.smk"
include: "workflow/rules/calibration.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "results/report.html",
        [every_figure(setting) for setting in SETTINGS],
        [every_table(setting) for setting in SETTINGS],
        across_files(),
    localrule: True
