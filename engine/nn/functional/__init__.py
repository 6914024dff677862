"""The functions behind the modules, under PyTorch's names: ``torch.nn.functional``."""

from engine.nn.functional.activation import *  # noqa: F403
from engine.nn.functional.attention import *  # noqa: F403
from engine.nn.functional.conv import *  # noqa: F403
from engine.nn.functional.image import *  # noqa: F403
from engine.nn.functional.layers import *  # noqa: F403
from engine.nn.functional.likelihood import *  # noqa: F403
from engine.nn.functional.loss import *  # noqa: F403
from engine.nn.functional.margin import *  # noqa: F403
from engine.nn.functional.sequence import *  # noqa: F403
