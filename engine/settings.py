"""Switches of PyTorch's that programs set and that change little here: threads, determinism, the default device."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

from engine import backend, dtypes
from engine.tensor import Tensor

__all__ = [
    "are_deterministic_algorithms_enabled",
    "compile",
    "get_default_device",
    "get_device",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
    "is_conj",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_neg",
    "is_same_size",
    "is_signed",
    "is_storage",
    "is_warn_always_enabled",
    "set_default_device",
    "set_default_tensor_type",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "set_num_threads",
    "set_warn_always",
    "use_deterministic_algorithms",
]


class _Settings:
    threads = os.cpu_count() or 1
    interop_threads = os.cpu_count() or 1
    deterministic = False
    warn_only = False
    matmul_precision = "high"
    """What TF32 is called."""
    warn_always = False


_settings = _Settings()


def get_default_device() -> backend.device:
    """Where factories make tensors."""
    return backend.default_device()


def set_default_device(device: Any) -> None:
    """Have factories make tensors there; None is the CPU.

    Raises:
        AssertionError: for CUDA where there is none.
    """
    where = backend.CPU if device is None else backend.device(device)
    backend.require(where)
    backend.set_default_device(backend.CPU if where.type == "cpu" else where)


def set_default_tensor_type(t: Any) -> None:
    """Set the default dtype by an old tensor type, ``torch.DoubleTensor``."""
    try:
        kind, where = dtypes.from_legacy(t)
    except ValueError:
        where = None
    if where is None:
        raise TypeError(f"invalid type object: expected a type such as torch.FloatTensor, got {t!r}")
    if where == "cuda" and backend.cupy() is None:
        raise TypeError(
            f"type torch.cuda.{dtypes.legacy_name(kind)} not available. Torch not compiled with CUDA enabled."
        )
    dtypes.set_default_dtype(kind)
    set_default_device(where)


def get_num_threads() -> int:
    """How many threads operations may use; what NumPy's libraries do is their own matter."""
    return _settings.threads


def set_num_threads(num: int) -> None:
    """Note the number that `get_num_threads` gives."""
    if num <= 0:
        raise RuntimeError("set_num_threads expects a positive integer")
    _settings.threads = num


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` was given."""
    return _settings.interop_threads


def set_num_interop_threads(num: int) -> None:
    """Note the number that `get_num_interop_threads` gives."""
    _settings.interop_threads = num


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: every operation here is deterministic."""
    _settings.deterministic, _settings.warn_only = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was given."""
    return _settings.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """What `use_deterministic_algorithms` was given for `warn_only`."""
    return _settings.warn_only


def get_float32_matmul_precision() -> str:
    """In which precision a device multiplies matrices: ``highest`` is float32, ``high`` and ``medium`` are TF32."""
    if not backend.TF32["matmul"]:
        return "highest"
    return _settings.matmul_precision


def set_float32_matmul_precision(precision: str) -> None:
    """Have a device multiply matrices in float32 (``highest``) or, where the card can, in TF32 (``high``, ``medium``).

    The CPU's products are of full precision always, and so are those of a card that is served.
    """
    if precision not in ("highest", "high", "medium"):
        warnings.warn(f"{precision} is not one of 'highest', 'high', 'medium'", UserWarning, stacklevel=2)
        return
    backend.allow_tf32("matmul", precision != "highest")
    _settings.matmul_precision = "medium" if precision == "medium" else "high"


def set_flush_denormal(mode: bool) -> bool:
    """Whether it could be set: no."""
    return False


def set_warn_always(b: bool, /) -> None:
    """Note what `is_warn_always_enabled` gives."""
    _settings.warn_always = b


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was given."""
    return _settings.warn_always


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: Any = None,
    disable: bool = False,
) -> Any:
    """`model` itself: nothing is compiled here. Without a model a decorator that changes nothing."""
    return (lambda function: function) if model is None else model


def get_device(input: Tensor) -> int:
    """The CUDA device's number, -1 for the CPU."""
    return input.get_device()


def is_signed(input: Tensor) -> bool:
    """Whether its dtype has negative numbers."""
    return input.dtype.is_signed


def is_conj(input: Tensor) -> bool:
    """Whether it is a conjugate yet to be computed: never here."""
    return False


def is_neg(input: Tensor) -> bool:
    """Whether it is a negative yet to be computed: never here."""
    return False


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have one shape."""
    return bool(input._data.shape == other._data.shape)


def is_storage(obj: object) -> bool:
    """Whether it is a tensor's memory by itself."""
    from engine.storage import UntypedStorage

    return isinstance(obj, UntypedStorage)
