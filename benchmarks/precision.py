"""What half precision costs in accuracy: base and fine-tuned checkpoint of every task, and merges, beside float32.

    python benchmarks/precision.py results/mini_AdamW [--device cpu] [--most 0.002]

Takes a finished setting. Prints a line a model and test set, the largest differences last, and exits with 1 if that of
float16, which the rules use on a GPU, is more than `--most`; bfloat16 stands beside it. Merges are averages of each
task's checkpoint with the next task's.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
PRECISIONS = ("float32", "float16", "bfloat16")


def models(folder: Path, tasks: list[str]):
    """(what, task whose test it takes, state) of every model to compare."""
    from mergecast.merging import merge
    from mergecast.models.checkpoints import State

    base = State(folder / "base.safetensors")
    checkpoints = {task: State(folder / f"checkpoints/{task}.safetensors") for task in tasks}
    for task, following in zip(tasks, tasks[1:] + tasks[:1], strict=True):
        yield "base", task, base
        yield "fine-tuned", task, checkpoints[task]
        yield (
            f"merged with {following}",
            task,
            merge("weight_avg", base, {name: checkpoints[name] for name in (task, following)}),
        )


def compare(folder: Path, device: str) -> list[tuple[float, ...]]:
    """Accuracy of every model in each of `PRECISIONS`; a line each is printed."""
    import torch

    from mergecast.evaluation import evaluate
    from mergecast.models import devices, encoders
    from mergecast.tasks import open_task

    encoder = encoders.open_encoder(folder / "base.safetensors", device=devices.choose(device))
    found = []
    for what, task, state in models(folder, sorted(path.stem for path in folder.glob("checkpoints/*.safetensors"))):
        test = open_task(folder.parent / f"images/{encoder.size}px/{task}.safetensors").test
        head = encoders.open_head(folder / f"heads/{task}.safetensors")
        encoder.load(state)
        row = [evaluate(encoder, head, test.images, test.labels, precision=getattr(torch, name)) for name in PRECISIONS]
        found.append(tuple(result["accuracy"] for result in row))
        print(f"{task:20} {what:32}", *(f"{accuracy:.4f}" for accuracy in found[-1]), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("setting", type=Path, help="a folder results/{setting}")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--most", type=float, default=0.002, help="largest difference allowed, a share of the images")
    arguments = parser.parse_args()
    if not list(arguments.setting.glob("checkpoints/*.safetensors")):
        parser.error(f"no checkpoints in {arguments.setting}; run the workflow first")
    print(f"{'test set':20} {'model':32}", *PRECISIONS)
    found, largest = compare(arguments.setting, arguments.device), {}
    for column, name in enumerate(PRECISIONS[1:], start=1):
        differences = [row[column] - row[0] for row in found]
        largest[name] = round(max(map(abs, differences)), 9)  # accuracies are shares of whole images
        print(f"{name}: largest difference of {len(found)} {largest[name]:.4f}, mean {sum(differences) / len(found):+.5f}")
    sys.exit(largest["float16"] > arguments.most)


if __name__ == "__main__":
    main()
