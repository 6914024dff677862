"""Neural networks: modules, their functions, parameters and initial values, under PyTorch's names: ``torch.nn``."""

from engine.nn import functional, init, modules, parameter, utils
from engine.nn.modules import *  # noqa: F403
from engine.nn.parameter import Buffer, Parameter

for _value in list(vars().values()):
    if isinstance(_value, type) and _value.__module__.startswith("engine."):
        # What `type(layer)` prints in PyTorch, and what error messages name.
        _value.__module__ = _value.__module__.replace("engine.", "torch.", 1)
