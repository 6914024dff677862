# Activation functions as modules and as functions, with their slopes.
import torch
import torch.nn.functional as F
from torch import nn

x = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0], requires_grad=True)
for module, function in [
    (nn.ReLU(), F.relu),
    (nn.LeakyReLU(0.1), lambda t: F.leaky_relu(t, 0.1)),
    (nn.ELU(), F.elu),
    (nn.SiLU(), F.silu),
    (nn.GELU(), F.gelu),
    (nn.Softplus(), F.softplus),
    (nn.Sigmoid(), torch.sigmoid),
    (nn.Tanh(), torch.tanh),
    (nn.Softmax(dim=0), lambda t: F.softmax(t, dim=0)),
    (nn.LogSoftmax(dim=0), lambda t: F.log_softmax(t, dim=0)),
    (nn.LogSigmoid(), F.logsigmoid),
    (nn.Hardtanh(), F.hardtanh),
]:
    y = module(x)
    (gradient,) = torch.autograd.grad((y * torch.arange(1.0, 6.0)).sum(), x)
    print(module, y, gradient, torch.equal(y, function(x)), sep="\n")
