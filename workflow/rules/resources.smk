"""What a job asks of a cluster: one GPU or none, and memory and minutes that grow with every attempt; what a run begins with.

Nothing here changes a result or limits a run on one machine. Rules of seconds are local rules and ask for nothing.
"""

from mergecast import files
from mergecast.workflow import cluster

# How GPUs are asked for: as `--gpus=1`, or as this generic resource where the profile gives one (`gpu_gres: gpu:1`).
SITE = workflow.resource_settings.default_resources or {}
GPU_GRES = SITE["gpu_gres"].raw.strip("'\"") if "gpu_gres" in SITE else None


def on_cpu(*, minutes, memory, copies=0):
    """Resources of a rule without a GPU; memory in MB, to which come `copies` times the size of the model's weights."""

    def mem_mb(wildcards, input, attempt):
        weights = os.path.getsize(input.get("base") or input.clip) / 1e6 if copies else 0
        return int(attempt * (memory + copies * weights))

    return {"mem_mb": mem_mb, "runtime": lambda wildcards, attempt: attempt * minutes}


def on_gpu(*, minutes, memory, copies=0, device=None):
    """The same and exactly one GPU, unless the device (by default that of the setting at hand) is the CPU."""

    def asked(wildcards):
        return (device or SETTINGS[wildcards.setting].device) != "cpu"

    one = (
        {"gres": lambda wildcards: GPU_GRES * asked(wildcards)}
        if GPU_GRES
        else {"gpu": lambda wildcards: int(asked(wildcards))}
    )
    return one | on_cpu(minutes=minutes, memory=memory, copies=copies)


onstart:
    patches.resume_garbage_collection()
    remarks_at_start = patches.unlimit_job_starts(workflow.scheduler)
    if workflow.is_main_process and workflow.executor_plugin.name == "slurm":
        import snakemake_executor_plugin_slurm as executor

        remarks_at_start += patches.ask_for_job_states_patiently(executor)
        remarks_at_start += cluster.cancel_orphans(os.getcwd())
    if workflow.is_main_process:
        for line in remarks_at_start:
            logger.warning(line)
        files.sweep("results")
