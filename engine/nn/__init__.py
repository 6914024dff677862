"""Neural networks: modules, their functions, parameters and initial values, under PyTorch's names: ``torch.nn``."""

from engine.nn import functional, init, modules, parameter, utils
from engine.nn.modules import *  # noqa: F403
from engine.nn.parameter import Buffer, Parameter
