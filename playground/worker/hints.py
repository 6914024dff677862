"""What to try after a common mistake, in a sentence. The message itself, PyTorch's or Python's, is never changed."""

from __future__ import annotations

import builtins
import difflib
import re
from collections.abc import Callable, Iterable
from types import ModuleType, TracebackType

from playground.worker import imports, misfits

Match = re.Match[str]


def hint(error: BaseException, place: TracebackType | None, operands: misfits.Operands = ()) -> str:
    """The advice for `error`, raised at `place` of the program by an operation on `operands`; or nothing."""
    try:
        if isinstance(error, ModuleNotFoundError):
            return imports.explain(error.name or "")
        if isinstance(error, NameError):
            return _nearest_name(error, place)
        if isinstance(error, AttributeError):
            return _nearest_attribute(error)
        message = str(error)
        for kind, pattern, advice in _KNOWN:
            if isinstance(error, kind) and (match := re.search(pattern, message, re.DOTALL)):
                return advice if isinstance(advice, str) else advice(match)
        if isinstance(error, (RuntimeError, ValueError, IndexError)):
            return misfits.advice(message, operands)
    except Exception:
        return ""  # the program's own __str__, __dir__ or __getattr__ failed; there is just no advice then
    return ""


def _closest(name: str, names: Iterable[str]) -> str:
    found = difflib.get_close_matches(
        name, {n for n in names if isinstance(n, str)} - {name}, n=1, cutoff=0.7
    )
    return found[0] if found else ""


def _nearest_name(error: NameError, place: TracebackType | None) -> str:
    name = getattr(error, "name", None) or ""
    if name in _IMPORTED_AS:
        return f"Add this line before: {_IMPORTED_AS[name]}"
    if place is None or not name:
        return ""
    frame = place.tb_frame
    names = [*frame.f_locals, *frame.f_globals, *vars(builtins)]
    near = _closest(name, (n for n in names if not n.startswith("__")))
    if near:
        return f"Did you mean {near!r}?"
    if isinstance(error, UnboundLocalError):
        return f"{name!r} is assigned in this function, so it is local to it; pass it in or give it another name."
    return f"{name!r} is used before it has a value: did the cell that makes it run?"


def _nearest_attribute(error: AttributeError) -> str:
    owner, name = error.obj, error.name or ""
    if owner is None and "NoneType" in str(error):
        return (
            f"This is None, which has no {name!r}: a variable has no value yet, or a function did not return one. "
            "A tensor's .grad is None until backward() has reached it, and stays None for tensors that are not leaves "
            "(see retain_grad())."
        )
    if name == "detach" and isinstance(owner, (list, tuple, float, int)):
        return "A tensor is wanted here: make one first, for example with torch.tensor(..., dtype=torch.float32)."
    near = _closest(name, dir(owner))
    if isinstance(owner, ModuleType):
        kind = f"module {imports.shown_name(owner)!r}"
    else:
        kind = type(owner).__name__
    if near and not near.startswith("_"):
        return f"Did you mean {near!r}? It is the closest that {kind} has."
    return ""


_IMPORTED_AS = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "optim": "from torch import optim",
    "np": "import numpy as np",
    "numpy": "import numpy",
    "plt": "import matplotlib.pyplot as plt",
    "math": "import math",
    "random": "import random",
    "time": "import time",
}

_KNOWN: list[tuple[type[BaseException], str, str | Callable[[Match], str]]] = [
    (
        RuntimeError,
        r"grad can be implicitly created only for scalar outputs",
        "backward() starts from a gradient. For one number that is 1; for more, say which combination you want: call "
        ".sum().backward() or .mean().backward(), or pass a tensor of the same shape, y.backward(torch.ones_like(y)).",
    ),
    (
        RuntimeError,
        r"a leaf Variable that requires grad is being used in an in-place operation",
        "Changing a leaf in place would destroy the value its gradient belongs to. Make a new tensor (x = x.sin() "
        "instead of x.sin_()), or, to update a weight, do it inside `with torch.no_grad():`.",
    ),
    (
        RuntimeError,
        r"a view of a leaf Variable that requires grad is being used in an in-place operation",
        "This writes into a part of a leaf. Write into a copy (x.clone()), or do it inside `with torch.no_grad():`.",
    ),
    (
        RuntimeError,
        r"Trying to backward through the graph a second time",
        "The first backward() freed what it had saved. Compute the loss again before calling it again, or keep the "
        "graph with loss.backward(retain_graph=True).",
    ),
    (
        RuntimeError,
        r"one of the variables needed for gradient computation has been modified by an inplace operation",
        "An operation had kept a tensor for its derivative, and that tensor was changed in place afterwards. Replace "
        "the in-place change (+=, add_(), x[0] = ...) by one that makes a new tensor, or clone() first.",
    ),
    (
        RuntimeError,
        r"does not require grad and does not have a grad_fn",
        "Nothing here was recorded: no input has requires_grad=True, or it was computed under no_grad() or cut off by "
        "detach(), .data or .item().",
    ),
    (
        RuntimeError,
        r"One of the differentiated Tensors appears to not have been used in the graph",
        "The output does not depend on that input. Pass allow_unused=True to get None for it.",
    ),
    (
        RuntimeError,
        r"Can't call numpy\(\) on Tensor that requires grad",
        "NumPy and the plots know nothing of gradients, so cut the tensor from the graph first: x.detach().numpy(), "
        "or x.detach() in a plot.",
    ),
    (
        RuntimeError,
        r"only Tensors of floating point dtype can require gradients|"
        r"Only Tensors of floating point and complex dtype can require gradients",
        "Gradients need real numbers: write 1.0 instead of 1, or dtype=torch.float32.",
    ),
    (
        RuntimeError,
        r"you can only change requires_grad flags of leaf variables",
        "This tensor was computed, so whether it needs a gradient follows from its inputs. Use y = x.detach() for a "
        "copy without history.",
    ),
    (
        RuntimeError,
        r"Boolean value of Tensor with more than one value is ambiguous",
        "A condition needs one truth value: reduce with .any() or .all(), or use torch.where() to choose per element.",
    ),
    (
        RuntimeError,
        r"a Tensor with \d+ elements cannot be converted to Scalar",
        "Only one element can become a Python number: index it, reduce it (.sum(), .mean()), or use .tolist().",
    ),
    (
        TypeError,
        r"unsupported operand type\(s\) for .*'NoneType'",
        "One of the two is None. A tensor's .grad is None until backward() has reached it, and stays None for a tensor "
        "that is not a leaf: `w = w - lr * w.grad` makes a new tensor, which is none. Change the leaf in place "
        "instead, inside `with torch.no_grad():`.",
    ),
    (
        ValueError,
        r"optimizer got an empty parameter list",
        "Give it the model's parameters: torch.optim.SGD(model.parameters(), lr=0.01).",
    ),
    (
        TypeError,
        r"super\(\)|cannot assign .*(module|parameter)s? before Module\.__init__\(\) call",
        "Call super().__init__() first in the module's __init__.",
    ),
    (
        RecursionError,
        r"",
        "A function calls itself without coming to an end.",
    ),
    (
        MemoryError,
        r"",
        "This needs more memory than a program has here. Use smaller tensors, or keep fewer of them.",
    ),
    (
        PermissionError,
        r"",
        "Programs run sealed off here: no files, no network, no other processes.",
    ),
    (
        FileNotFoundError,
        r"",
        "There are no files here; put the data into the program, or make it with torch.randn() and the like.",
    ),
    (
        EOFError,
        r"input\(\)",
        "Assign the value in the program: name = 'Ada'.",
    ),
]
