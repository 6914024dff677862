"""``torch.backends``: libraries programs ask about and set before they choose a device.

The engine uses none of them. What is asked gets a true answer, what is set is kept and changes nothing.
"""

from engine.backends import cuda, cudnn, mps

__all__ = ["cuda", "cudnn", "mps"]
