"""What knows Snakemake and SLURM: the hash of code, planning, the cluster, logs of jobs, whose code a job runs.

Nothing else in the library does.
"""
