"""The modules classes say they are from: PyTorch's, as ``print(type(x))`` and tracebacks show them."""

from __future__ import annotations

import re
import sys
from typing import Final

_PACKAGES: Final = ("autograd", "distributions", "profiler", "amp", "dtypes", "generators")
_ELSEWHERE: Final = {
    "dtype": "torch",
    "finfo": "torch",
    "iinfo": "torch",
    "Generator": "torch._C",
    "DeviceGenerator": "torch._C",
    "StudentT": "torch.distributions.studentT",
}
_SHARED: Final = ("constraints", "distribution", "kl", "transforms")
"""Files of ``torch.distributions`` with many classes; the others have one each, named after it."""


def name_as_in_pytorch() -> None:
    """Let the public classes of the engine's packages, once loaded, be from where PyTorch has them."""
    for key, module in list(sys.modules.items()):
        root, _, inside = key.partition(".")
        package, _, leaf = inside.partition(".")
        if root != "engine" or package not in _PACKAGES:
            continue
        for value in list(vars(module).values()):
            if not isinstance(value, type) or value.__module__ != key or value.__name__.startswith("_"):
                continue
            home = f"torch.{inside}"
            if package == "distributions" and leaf not in _SHARED:
                home = "torch.distributions." + re.sub(r"(?<!^)(?=[A-Z])", "_", value.__name__).lower()
            value.__module__ = _ELSEWHERE.get(value.__name__, home)
