"""Lets `import torchvision` succeed beside a torch it was not compiled for; does nothing where it succeeds by itself.

OpenCLIP imports torchvision for its image transforms. Package registries may offer only a CUDA build of torchvision;
beside a CPU build of torch its compiled library is skipped without a word, and the import stops at the first operator
that library would have defined: "operator torchvision::nms does not exist". Nothing we use calls these operators, so
it is enough to declare their schemas and import again.
"""

import re
import sys

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


def _declare(operator: str) -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define(_SCHEMAS[operator])
    _declared.append((operator, library))  # a declaration lives as long as its library object
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
