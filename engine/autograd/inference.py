"""``inference_mode``: nothing is recorded, and what is made inside is marked as made there."""

from __future__ import annotations

from typing import Any

from engine.autograd import layers
from engine.inplace import apply_inplace
from engine.registry import Op
from engine.state import Layer, S
from engine.tensor import Tensor


class Inference(Layer):
    """Marks new tensors, and records nothing even within `enable_grad`."""

    def run(self, op: Op, args: tuple[Any, ...]) -> Any:
        grad_mode, S.grad_enabled = S.grad_enabled, False
        try:
            with layers.only(layers.below(self)):
                made = layers.call(op, args)
        finally:
            S.grad_enabled = grad_mode
        # A view of a tensor from outside is no inference tensor; that of one is by its base.
        if not op.view and op.name != "detach":
            for t in layers.outputs_of(made):
                t.__dict__["_inference"] = True
        return made

    def inplace(self, op: Op, target: Tensor, args: tuple[Any, ...]) -> Tensor:
        grad_mode, S.grad_enabled = S.grad_enabled, False
        try:
            with layers.only(layers.below(self)):
                return apply_inplace(op, target, args)
        finally:
            S.grad_enabled = grad_mode


_LAYER = Inference()


def switch(on: bool) -> None:
    """Inference mode on or off, as it is from now on."""
    layers.pop(_LAYER)
    if on:
        layers.push(_LAYER)
    S.inference = on


def is_inference(tensor: Tensor) -> bool:
    """Whether `tensor` was made in inference mode."""
    held = tensor if tensor._view is None else tensor._view.base
    return "_inference" in held.__dict__


def is_inference_mode_enabled() -> bool:
    """Whether inference mode is on."""
    return S.inference
