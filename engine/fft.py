"""``torch.fft``: Fourier transforms."""

from engine.ops.fft import *  # noqa: F403
from engine.ops.fft import __all__ as __all__
