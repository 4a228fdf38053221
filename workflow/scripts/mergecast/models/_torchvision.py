"""Lets `import torchvision` succeed beside a torch it was not compiled for; does nothing where it succeeds by itself.

OpenCLIP imports torchvision for its image transforms. Package registries may offer only a CUDA build of torchvision;
beside a CPU build of torch its compiled library is skipped without a word, and the import stops at the first operator
that library would have defined: "operator torchvision::nms does not exist". Nothing we use calls these operators, so
it is enough to declare their schemas and import again.
"""

import re
import sys
from contextlib import contextmanager
from types import ModuleType

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_declared = []


def ensure() -> None:
    """Import torchvision, declaring the operator schemas it misses. Raises its own error for any other fault."""
    while True:
        try:
            import torchvision  # noqa: F401

            return
        except RuntimeError as error:
            missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
            if missing is None or missing[1] not in _SCHEMAS or missing[1] in {name for name, _ in _declared}:
                raise
            _declare(missing[1])


@contextmanager
def without_compiler_and_timm():
    """Inside, imports find stand-ins for torch's compiler and for timm, each of which costs every process half a second.

    torchvision wants one function of the compiler's, for an operator that we never call; OpenCLIP wants timm for towers
    that are not its own ViT, which we do not take. What is there already stays; nothing is left behind.
    """
    compiler, utils = ModuleType("torch._dynamo"), ModuleType("torch._dynamo.utils")
    compiler.__path__, compiler.utils, utils.is_compile_supported = [], utils, lambda device: False
    parts = {"torch._dynamo": compiler, "torch._dynamo.utils": utils, "timm": None}
    placed = {name: part for name, part in parts.items() if name.removesuffix(".utils") not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name, part in placed.items():
            if sys.modules.get(name, ...) is part:
                del sys.modules[name]


def _declare(operator: str) -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define(_SCHEMAS[operator])
    _declared.append((operator, library))  # a declaration lives as long as its library object
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
