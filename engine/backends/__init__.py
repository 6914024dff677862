"""``torch.backends``: libraries programs ask about and set before they choose a device.

What is asked gets a true answer, what is set is kept. Only the precision of a device's products changes by it.
"""

from engine.backends import cuda, cudnn, mps

__all__ = ["cuda", "cudnn", "mps"]
