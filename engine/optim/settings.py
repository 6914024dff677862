"""Checks of the settings that optimizers have in common, in PyTorch's words."""

from __future__ import annotations

from typing import Any

from engine.tensor import Tensor

__all__ = ["check_one_element", "check_settings", "number"]

_NOT_NEGATIVE = ("weight_decay", "momentum", "lr_decay", "momentum_decay", "initial_accumulator_value")


def number(value: Any) -> float:
    """A setting that may be a Tensor of one element, as a number."""
    return float(value.item()) if isinstance(value, Tensor) else value


def check_one_element(lr: Any) -> None:
    """Raise PyTorch's error for a learning rate that is a Tensor of several numbers."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")


def check_settings(settings: dict[str, Any]) -> None:
    """Raise PyTorch's error for the first setting that makes no sense; settings it does not know it leaves alone.

    Raises:
        ValueError: for a value out of range, RuntimeError: for settings that exclude one another.
    """
    lr = settings.get("lr", 0.0)
    check_one_element(lr)
    if lr < 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")
    if not settings.get("eps", 0.0) >= 0.0:
        raise ValueError(f"Invalid epsilon value: {settings['eps']}")
    for index, beta in enumerate(settings.get("betas", ())):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
    for name in _NOT_NEGATIVE:
        if not settings.get(name, 0.0) >= 0.0:
            raise ValueError(f"Invalid {name} value: {settings[name]}")
    if settings.get("fused"):
        if settings["differentiable"]:
            raise RuntimeError("`fused` does not support `differentiable`")
        if settings["foreach"]:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
