"""The modules, under PyTorch's names."""

from engine.nn.modules.activation import *  # noqa: F403
from engine.nn.modules.adaptive import *  # noqa: F403
from engine.nn.modules.attention import *  # noqa: F403
from engine.nn.modules.batchnorm import *  # noqa: F403
from engine.nn.modules.container import *  # noqa: F403
from engine.nn.modules.conv import *  # noqa: F403
from engine.nn.modules.distance import *  # noqa: F403
from engine.nn.modules.dropout import *  # noqa: F403
from engine.nn.modules.flatten import *  # noqa: F403
from engine.nn.modules.image import *  # noqa: F403
from engine.nn.modules.instancenorm import *  # noqa: F403
from engine.nn.modules.lazy import *  # noqa: F403
from engine.nn.modules.linear import Bilinear, Identity, Linear
from engine.nn.modules.loss import *  # noqa: F403
from engine.nn.modules.module import Module
from engine.nn.modules.normalization import *  # noqa: F403
from engine.nn.modules.padding import *  # noqa: F403
from engine.nn.modules.parallel import *  # noqa: F403
from engine.nn.modules.pooling import *  # noqa: F403
from engine.nn.modules.rnn import *  # noqa: F403
from engine.nn.modules.sparse import *  # noqa: F403
from engine.nn.modules.transformer import *  # noqa: F403
