"""The metrics that look at images, for every pair at every number of calibration images."""

import pandas
from tqdm import tqdm

from job import run
from mergecast import metrics
from mergecast.features._store import Store
from mergecast.files import write_csv


def main(snakemake):
    params, rows = snakemake.params, []
    chosen = [metrics.find(name) for name in params.metrics]
    needs = {need for metric in chosen for need in metric.needs}
    for images_per_task, folder in params.folders.items():
        store = Store(f"results/{params.setting}/features", calibration=folder)
        for a, b in tqdm(params.pairs, f"{images_per_task} images per task", unit="pair"):
            features = store.pair(a, b, needs)
            values = {metric.name: metrics.compute(metric, features) for metric in chosen}
            rows.append({"n_images": images_per_task, "task_a": a, "task_b": b} | values)
    write_csv(snakemake.output[0], pandas.DataFrame(rows))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
