"""Optimizers under PyTorch's names: ``torch.optim``."""

from engine.optim import lr_scheduler, swa_utils
from engine.optim.adadelta import Adadelta
from engine.optim.adafactor import Adafactor
from engine.optim.adagrad import Adagrad
from engine.optim.adam import Adam
from engine.optim.adamax import Adamax
from engine.optim.adamw import AdamW
from engine.optim.asgd import ASGD
from engine.optim.lbfgs import LBFGS
from engine.optim.muon import Muon
from engine.optim.nadam import NAdam
from engine.optim.optimizer import Optimizer
from engine.optim.radam import RAdam
from engine.optim.rmsprop import RMSprop
from engine.optim.rprop import Rprop
from engine.optim.sgd import SGD
from engine.optim.sparse_adam import SparseAdam

for _value in [*vars().values(), *vars(lr_scheduler).values(), *vars(swa_utils).values()]:
    if isinstance(_value, type) and _value.__module__.startswith("engine."):
        # What `type(optimizer)` prints in PyTorch.
        _value.__module__ = _value.__module__.replace("engine.", "torch.", 1)
