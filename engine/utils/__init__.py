"""Helpers beside the tensors, under PyTorch's names: ``torch.utils``."""

from engine.utils import checkpoint as checkpoint
from engine.utils import data as data
from engine.utils import hooks as hooks

__all__ = ["checkpoint", "data", "hooks"]
