"""Which tensors a result may be written into, ``out=``: those of its dtype, or of one that it can be cast to.

What PyTorch asks depends on how the operation is written there; the words are its own.
"""

from __future__ import annotations

from engine import backend, dtypes
from engine.state import S
from engine.tensor import Tensor

_ONE_DTYPE = frozenset(
    """abs ceil clamp clamp_max clamp_min floor frac gelu lerp neg round sgn sign softplus softshrink trunc""".split()  # noqa: SIM905 (a table)
)
_STRUCTURED = frozenset(
    """addmm argmax argmin cross diag index_add index_copy index_reduce inverse isin log_softmax matmul mm msort norm
    renorm softmax tril triu""".split()  # noqa: SIM905 (a table)
)
_LOGICAL = ("all", "any")
_BOOLEAN = frozenset(("isneginf", "isposinf", "signbit"))


def write_into(out: Tensor, result: Tensor, name: str) -> None:
    """Let `out` be the result of the operation `name`, in its own memory if the shape is the same.

    Raises:
        RuntimeError: if its dtype does not allow that.
    """
    _check_dtype(name, result, out)
    for observer in S.observers:
        observer.before_write(out)
    if out._data.shape == result._data.shape:
        out._data[...] = backend.beside(out._data, result._data)
    else:
        out._data = backend.beside(out._data, result._data).astype(out._data.dtype)
    out._written()


def _check_dtype(name: str, result: Tensor, out: Tensor) -> None:
    """Raise unless the result of the operation `name` may be written into `out`.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    made, own = result.dtype, out.dtype
    if made is own:
        return
    said = ""
    if name in _ONE_DTYPE:
        said = f"Found dtype {dtypes.scalar_type_name(own)} but expected {dtypes.scalar_type_name(made)}"
    elif name in _STRUCTURED:
        said = (
            f"Expected out tensor to have dtype {dtypes.c_name(made)}, but got {dtypes.c_name(own)} instead"
        )
    elif name in _LOGICAL and own is not dtypes.uint8:
        said = f"{name} only supports bool tensor for result, got: {dtypes.scalar_type_name(own)}"
    elif name in _BOOLEAN:
        said = f"{name} does not support non-boolean outputs."
    elif name in ("amax", "amin"):
        said = (
            f"Expected the dtype for input and out to match, but got {dtypes.scalar_type_name(made)} for input's dtype "
            f"and {dtypes.scalar_type_name(own)} for out's dtype."
        )
    elif not dtypes.can_cast(made, own):
        said = (
            f"result type {dtypes.scalar_type_name(made)} can't be cast to the desired output type "
            f"{dtypes.scalar_type_name(own)}"
        )
    if said:
        raise RuntimeError(said)
