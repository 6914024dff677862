"""Optimizers under PyTorch's names: ``torch.optim``."""

from engine.optim import lr_scheduler
from engine.optim.algorithms import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop
from engine.optim.optimizer import Optimizer
