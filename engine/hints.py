"""What to say when a program asks for a name that PyTorch has and this engine has not."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from engine.absent import ABSENT
from engine.tensor import Tensor

__all__ = ["absent_names", "install", "likely"]

_SPECIAL = re.compile(
    r"sparse|quant|mkldnn|miopen|cudnn|fbgemm|nested|distributed|script|Type$|Storage|[sS]ym|xpu|mtia|ipu|maia|vulkan"
    r"|_copy$|ccol|crow|bits?\d|^u?int\d|float[48]|per_(channel|tensor)|jagged|backend|dispatch|Dispatch|bsr|bsc|csc|csr"
    r"|coo|graph|Graph|device|stream|Stream|IODescriptor|Logger|hsmm|hspmm|[ds]smm|smm|spmm|tunable|ipc|nccl|nvtx"
)
"""Names about other hardware, sparse and quantised tensors, and PyTorch's own workings."""


def likely(module: str, name: str) -> bool:
    """Whether a learner may meet a name: it is not about special hardware, formats or PyTorch's insides."""
    # The classes directly in ``torch`` are those of its compiler.
    inside = name[0].isupper() and (module == "torch" or name.isupper())
    return not inside and not _SPECIAL.search(name)


def absent_names(module: str) -> list[str]:
    """The names a module of PyTorch's has beyond ours."""
    return ABSENT.get(module, "").split()


def _hint(module: str, name: str) -> str:
    return f"PyTorch 2.13 has {module}.{name}, this engine does not (docs/missing.md lists such names)"


def _lookup(module: str, found: ModuleType) -> Callable[[str], Any]:
    known = frozenset(absent_names(module))

    def lookup(name: str) -> NoReturn:
        text = f"module {module!r} has no attribute {name!r}"
        text = f"{text}. {_hint(module, name)}" if name in known else text
        raise AttributeError(text, name=name, obj=found)

    return lookup


class _AbsentMethod:
    """Says so when it is looked up; ``hasattr`` is false."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any = None) -> NoReturn:
        text = f"'Tensor' object has no attribute '{self.name}'"
        # No `obj`: Python would look for similar names by reading every attribute.
        raise AttributeError(f"{text}. {_hint('torch.Tensor', self.name)}")


def install() -> None:
    """Let every module, and `Tensor`, say so."""
    for module in ABSENT:
        if module == "torch.Tensor":
            for name in absent_names(module):
                if not hasattr(Tensor, name) and name not in Tensor.__dict__:
                    setattr(Tensor, name, _AbsentMethod(name))
            continue
        try:
            found = importlib.import_module(module.replace("torch", "engine", 1))
        except ModuleNotFoundError:
            continue
        found.__getattr__ = _lookup(module, found)  # type: ignore[method-assign]
