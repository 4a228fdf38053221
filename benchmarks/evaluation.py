"""Images a second that evaluation tests on the CPU, beside a bare loop of forward passes over tensors that are ready.

    python benchmarks/evaluation.py [--models tiny-clip mini-clip ViT-B-32] [--runs 3] [--seconds 10]

Ours is `mergecast.evaluation.evaluate` from images of bytes: batches, normalisation, head, accuracy and loss. The bare loop
takes normalised float tensors through the tower and nothing else. Same weights, batches and threads. Every model is given
as many images as about `--seconds` seconds take, which is found out first.
"""

import json
import time

import _measure

CLASSES = 10
SIDES = ("ours", "bare")


def problem(model: str, count: int):
    """An encoder and a head of random weights, and random images with random labels to test them on."""
    import numpy
    import torch

    from mergecast.models import encoders

    encoder = encoders.Encoder(model, encoders.new_clip(model).visual).eval()
    rng = numpy.random.default_rng(0)
    images = rng.integers(0, 256, (count, encoder.size, encoder.size, 3), dtype=numpy.uint8)
    head = torch.randn(CLASSES, encoder.visual.output_dim, generator=torch.Generator().manual_seed(0))
    return encoder, head, images, rng.integers(0, CLASSES, count)


def measure(side: str, model: str, count: int, batch: int) -> dict:
    """One side in this process, after a batch that warms it up."""
    import torch

    from mergecast.evaluation import evaluate

    clock = _measure.Clock()
    with clock.stage("ready"):
        encoder, head, images, labels = problem(model, count)
        evaluate(encoder, head, images[:batch], labels[:batch], batch_size=batch)
        ready = [] if side == "ours" else [encoder.preprocess(images[at : at + batch]) for at in range(0, count, batch)]
    with clock.stage("test"):
        if side == "ours":
            evaluate(encoder, head, images, labels, batch_size=batch)
        else:
            with torch.inference_mode():
                for pixels in ready:
                    encoder(pixels)
    return clock.report(images_per_s=count / clock.stages["test"]["wall_s"])


def enough(model: str, batch: float, seconds: float) -> dict:
    """How many images, in whole batches, take about so many seconds."""
    import torch

    encoder, _, images, _ = problem(model, int(batch))
    pixels = encoder.preprocess(images)
    with torch.inference_mode():
        encoder(pixels)
        start = time.perf_counter()
        encoder(pixels)
    return {"images": int(batch) * max(1, round(seconds / (time.perf_counter() - start)))}


def main() -> None:
    parser = _measure.parser(__doc__)
    parser.add_argument("--models", nargs="+", default=["tiny-clip", "mini-clip", "ViT-B-32"], help="architectures")
    parser.add_argument("--batch-size", type=int, default=100, help="images at once (default 100)")
    parser.add_argument("--seconds", type=float, default=10, help="of a measurement, about (default 10)")
    options = parser.parse_args()
    if options.measure:
        side, model, *numbers = options.measure
        print(json.dumps(measure(side, model, *map(int, numbers)) if side in SIDES else enough(model, *map(float, numbers))))
        return
    found, batch = {}, options.batch_size
    for model in options.models:
        found_out = [__file__, "--measure", "enough", model, batch, options.seconds]
        count = _measure.spawn(*found_out, threads=options.threads)["images"]
        sides = {side: [__file__, "--measure", side, model, count, batch] for side in SIDES}
        reports = _measure.alternate(sides, **_measure.how(options))
        both = {side: _measure.median(reports[side]) for side in SIDES}
        ours, bare = (both[side]["stages"]["test"]["cpu_s"] for side in SIDES)
        found[model] = {"images": count, **both, "cpu_over_bare": ours / bare}
    _measure.publish("evaluation", options, {"models": found})


if __name__ == "__main__":
    main()
