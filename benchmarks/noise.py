"""How much of the spread of normalised accuracy is chance of the test images: what no forecast of it can be right about.

    python benchmarks/noise.py results/SETTING [results/SETTING …]

An accuracy of n test images has the variance p (1 − p) / n. Carried through the quotient merged / fine-tuned and the mean over
a pair's two tasks (first order, the two accuracies taken as independent, which they are not quite: it is somewhat too much)
and set against the variance over pairs, it is the share that is noise; √(1 − share) is the most that the correlation of a
perfect forecast with the measured values comes to. A table row for each method, and for the pairs without the tasks that
were hardly learnt (fine-tuned accuracy below `--learnt` times the zero-shot one).
"""

import argparse
from pathlib import Path

import pandas as pd


def noise(merges: pd.DataFrame, fine_tuned: pd.Series) -> pd.DataFrame:
    """`merges`: one row a method, pair and task (accuracy, n_images); `fine_tuned`: accuracy by task.

    Returns by method: mean, standard deviation over pairs, share of the variance that is noise, and the ceiling of r.
    """
    own = merges["task"].map(fine_tuned)
    p, n = merges["accuracy"], merges["n_images"]
    variance = p * (1 - p) / n / own**2 + p**2 * own * (1 - own) / n / own**4
    table = merges.assign(value=p / own, variance=variance / 4)
    pairs = table.groupby(["method", "task_a", "task_b"]).agg(value=("value", "mean"), variance=("variance", "sum"))
    found = pairs.groupby("method").agg(mean=("value", "mean"), sd=("value", "std"), variance=("variance", "mean"))
    found["noise_share"] = (found.pop("variance") / found["sd"] ** 2).clip(upper=1)
    found["ceiling_of_r"] = (1 - found["noise_share"]) ** 0.5
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("settings", nargs="+", type=Path)
    parser.add_argument(
        "--learnt", type=float, default=1.5, help="a task is learnt if fine-tuning multiplies its accuracy by it"
    )
    arguments = parser.parse_args()
    for folder in arguments.settings:
        merges, singles = (pd.read_csv(folder / f"tables/{name}.csv") for name in ("merges", "checkpoints"))
        singles = singles.set_index("task")
        learnt = singles[singles["fine_tuned_accuracy"] >= arguments.learnt * singles["zero_shot_accuracy"]].index
        both = merges["task_a"].isin(learnt) & merges["task_b"].isin(learnt)
        for name, part in (("all tasks", merges), (f"{len(learnt)} of {len(singles)} tasks that were learnt", merges[both])):
            print(f"\n{folder.name}, {name}:\n")
            print(noise(part, singles["fine_tuned_accuracy"]).to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
