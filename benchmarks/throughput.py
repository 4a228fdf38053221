"""Images a second of evaluation and fine-tuning, beside what the device's own matrix products would allow. JSON.

    python benchmarks/throughput.py [--model ViT-B-16] [--device auto] [--images 4096] [--steps 20] [--batch-size 128]

Random weights and random images through the same functions as the rules call. The ceiling is the rate of large square
products, measured here, over the operations an image takes: bfloat16 on a GPU, float32 on the CPU, as the rules compute.
"""

import argparse
import json
import time

from evaluation import CLASSES, problem  # which makes the library importable as well


def operations(model: str) -> float:
    """Floating-point operations of one image's forward pass: two a multiplication in its matrix products."""
    from mergecast.models.encoders import library

    config = library().get_model_config(model)
    vision = config["vision_cfg"]
    width, patches = vision["width"], (vision["image_size"] // vision["patch_size"]) ** 2
    tokens, hidden = patches + 1, vision.get("mlp_ratio", 4) * width
    layer = 2 * tokens * (4 * width**2 + 2 * width * hidden) + 4 * tokens**2 * width
    return 2 * patches * 3 * vision["patch_size"] ** 2 * width + vision["layers"] * layer + 2 * width * config["embed_dim"]


def timed(action, device) -> float:
    """Seconds that an action takes, the GPU's queue emptied before and after."""
    import torch

    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    start = time.perf_counter()
    action()
    wait()
    return time.perf_counter() - start


def matmul_rate(device) -> float:
    """Operations a second of square products, the best of five."""
    import torch

    side, dtype = (8192, torch.bfloat16) if device.type == "cuda" else (2048, torch.float32)
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    repeats = 10 if device.type == "cuda" else 1
    seconds = min(timed(lambda: [a @ b for _ in range(repeats)], device) for _ in range(6))
    return repeats * 2 * side**3 / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="ViT-B-16")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--images", type=int, default=4096, help="images to evaluate")
    parser.add_argument("--steps", type=int, default=20, help="steps of fine-tuning")
    parser.add_argument("--batch-size", type=int, default=128, help="of fine-tuning")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()

    import torch

    from mergecast.evaluation import evaluate
    from mergecast.models import devices
    from mergecast.tasks import Split, Task
    from mergecast.training.finetune import Recipe, finetune

    device = devices.choose(arguments.device, threads=arguments.threads)
    encoder, head, images, labels = problem(arguments.model, arguments.images)
    encoder, split = encoder.to(device), Split(images, labels)
    names = tuple(map(str, range(CLASSES)))
    task = Task("random", "random", names, ("{}",), split, split.take(slice(0, 1)), split.take(slice(0, 1)))

    def test(number):
        return lambda: evaluate(encoder, head, images[:number], split.labels[:number])

    def train(steps):
        recipe = Recipe(batch_size=arguments.batch_size, learning_rate=1e-6, evaluations=0, steps=steps)
        return lambda: finetune(encoder, head, task, recipe, seed=0)

    test(min(arguments.images, 1024))(), train(2)()  # the first calls choose kernels and fill the pools of memory
    evaluated = arguments.images / timed(test(arguments.images), device)
    trained = arguments.steps * min(arguments.batch_size, arguments.images) / timed(train(arguments.steps), device)
    forward, rate = operations(arguments.model), matmul_rate(device)
    result = {
        "model": arguments.model,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {arguments.threads} threads",
        "torch": torch.__version__,
        "forward_gflop_per_image": forward / 1e9,
        "matmul_tflop_per_second": rate / 1e12,
        "evaluation_images_per_second": evaluated,
        "evaluation_share_of_matmul_rate": evaluated * forward / rate,
        "training_images_per_second": trained,
        "training_share_of_matmul_rate": trained * 3 * forward / rate,  # a backward pass is two forward ones
    }
    if device.type == "cuda":
        result["peak_gpu_gigabytes"] = torch.cuda.max_memory_allocated() / 1e9
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
