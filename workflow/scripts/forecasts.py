"""What the kept forecaster says of every pair of a setting: three tables, and a file for each pair and method."""

from itertools import combinations

from job import run
from mergecast import tables
from mergecast.files import file_hash, read_json, write_csv, write_json
from mergecast.forecasting.pairs import forecasts, of_method
from mergecast.forecasting.tables import tables as tidy
from mergecast.forecasting.tables import traits_of
from mergecast.prediction import forecaster


def main(snakemake):
    inputs, output, params = snakemake.input, snakemake.output, snakemake.params
    folder = str(inputs.forecaster[0]).rpartition("/")[0]
    fitted = forecaster.load(folder, "images")
    read = {name: tables.read(inputs[name]) for name in ("traits", "pair_traits")}
    hashes = {task: sha256 for path in inputs.checkpoints for task, sha256 in read_json(path)["inputs"]["checkpoints"].items()}
    known = {task: task for task, sha256 in hashes.items() if fitted.about["checkpoints"].get(task) == sha256}
    traits = traits_of(params.tasks, params.measured or params.tasks, **read, harms=tables.read(inputs.library))
    made = forecasts(fitted, list(combinations(params.tasks, 2)), traits, known)
    for name, table in tidy(made, fitted.about["levels"], fitted.about["predictor"]).items():
        write_csv(output[name], table)
    origin = {path: file_hash(path) for path in inputs.forecaster}
    by_pair = {(each["task_a"], each["task_b"]): each for each in made}
    for path in output.pairs:
        *_, method, name = path.removesuffix(".json").split("/")
        write_json(path, of_method(by_pair[tuple(name.split("__"))], method, fitted) | {"inputs": origin})


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
