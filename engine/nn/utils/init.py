"""Modules made without drawing their initial values."""

from __future__ import annotations

from typing import Any

from engine.nn.modules.module import Module
from engine.random import fork_rng

__all__ = ["skip_init"]


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """A module of that class; no random numbers are used up for it."""
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    with fork_rng():
        return module_cls(*args, **kwargs)
