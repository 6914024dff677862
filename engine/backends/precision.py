"""``torch.backends.cuda.matmul``: in which precision a device multiplies matrices."""

from __future__ import annotations

from typing import Any

from engine import backend


def checked(value: Any) -> bool:
    """A setting of whether TF32 is allowed.

    Raises:
        RuntimeError: in PyTorch's words, if it is no bool.
    """
    if not isinstance(value, bool):
        raise RuntimeError(f"set_allow_tf32_cublas expects a bool, but got {type(value).__name__}")
    return value


class Products:
    """What ``torch.backends.cuda.matmul`` is.

    Raises AttributeError in PyTorch's words for other settings than these.
    """

    __slots__ = ("allow_bf16_reduced_precision_reduction", "allow_fp16_reduced_precision_reduction")

    def __init__(self) -> None:
        self.allow_bf16_reduced_precision_reduction = True
        self.allow_fp16_reduced_precision_reduction = True

    @property
    def allow_tf32(self) -> bool:
        """Whether float32 products are computed in TF32, of numbers rounded to 10 bits, where the card can."""
        return backend.TF32["matmul"] is True

    @allow_tf32.setter
    def allow_tf32(self, value: bool) -> None:
        backend.allow_tf32("matmul", checked(value))

    @property
    def fp32_precision(self) -> str:
        """The same as ``tf32`` or ``ieee``; ``none`` until it is set."""
        allowed = backend.TF32["matmul"]
        return "none" if allowed is None else "tf32" if allowed else "ieee"

    @fp32_precision.setter
    def fp32_precision(self, value: str) -> None:
        if value not in ("none", "ieee", "tf32"):
            raise RuntimeError(f"Unknown precision: {value}")
        backend.allow_tf32("matmul", None if value == "none" else value == "tf32")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"Unknown attribute {name}")

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name):
            raise AttributeError(f"Unknown attribute {name}")
        object.__setattr__(self, name, value)
