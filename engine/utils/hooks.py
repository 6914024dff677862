"""``torch.utils.hooks``: what registering a hook gives."""

from engine.graph import RemovableHandle

__all__ = ["RemovableHandle"]
