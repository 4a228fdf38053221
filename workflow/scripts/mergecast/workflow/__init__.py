"""What knows Snakemake and SLURM: the hash of code, patches and the planning they speed up,
the cluster, logs of jobs, whose code a job runs.

Nothing else in the library does.
"""
