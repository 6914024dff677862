"""Learning rates that change while training: ``torch.optim.lr_scheduler``."""

from engine.optim.lr_scheduler import cyclic, schedules
from engine.optim.lr_scheduler.cyclic import (
    ChainedScheduler,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    OneCycleLR,
)
from engine.optim.lr_scheduler.schedules import *  # noqa: F403

__all__ = [*schedules.__all__, *cyclic.__all__]

for _name in __all__:
    globals()[_name].__module__ = "torch.optim.lr_scheduler"
