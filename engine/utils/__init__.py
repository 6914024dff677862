"""``torch.utils``."""

from engine.utils import checkpoint as checkpoint
