"""How every script of the workflow runs: its log, its threads, and bad input as one line.

Imported first by each script, before anything heavy.
"""

import contextlib
import gc
import os
import sys
import traceback

# Importing torch and OpenCLIP allocates millions of objects that live on; a quarter of the time went into collecting.
gc.disable()


def run(main, snakemake) -> None:
    """Call `main(snakemake)`, its output in the rule's log; exit with 0, or with 1 and one line if the input is bad.

    Parameters
    ----------
    main : callable
    snakemake : Snakemake's object in a script
    """
    from mergecast.errors import MergecastError
    from mergecast.workflow import records
    from mergecast.workflow.job_log import JobLog

    gc.freeze()
    gc.enable()
    log = JobLog(snakemake.log[0], sys.stderr)
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        try:
            main(snakemake)
            records.write(snakemake)
            failure = None
        except MergecastError as error:
            failure = f"mergecast: error: {error}"
        except MemoryError:
            failure = f"mergecast: error: rule {snakemake.rule}: out of memory; give it a larger machine or fewer tasks"
        except Exception:  # the log must hold the traceback of what nobody foresaw
            failure = traceback.format_exc()
    if failure:
        print(failure, file=log)
        print(failure, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    # Results are written; taking a large interpreter apart politely costs a job a few tenths of a second.
    os._exit(1 if failure else 0)
