"""``torch.autograd``: backward passes, grad mode, the functional API, gradcheck and the profiler."""

from engine.autograd import forward_ad, functional, graph, profiler
from engine.autograd.anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from engine.autograd.function import Function
from engine.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_multithreading_enabled,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from engine.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from engine.autograd.variable import Variable
from engine.backward import backward, grad
from engine.graph import Node

__all__ = [
    "Function",
    "GradcheckError",
    "Node",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_multithreading_enabled",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]
