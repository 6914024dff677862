# Sequential, ModuleList and ModuleDict, and how they print.
from collections import OrderedDict

import torch
from torch import nn


class Stack(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(depth)])
        self.heads = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.Linear(2, 3)})
        self.weights = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in range(2)])

    def forward(self, x, head):
        for layer in self.layers:
            x = layer(x).relu()
        return self.heads[head](x)

    def extra_repr(self):
        return "an example"


torch.manual_seed(0)
stack = Stack(3)
print(stack)
print(len(stack.layers), stack.layers[-1], "a" in stack.heads, list(stack.heads.keys()))
print(stack(torch.ones(1, 2), "b").shape)
named = nn.Sequential(OrderedDict([("fc", nn.Linear(2, 4)), ("act", nn.Sigmoid())]))
named.append(nn.Linear(4, 1))
print(named, named.fc, named[1], len(named))
print(
    nn.Sequential(*named[:2]),
    nn.LeakyReLU(0.2),
    nn.GELU(),
    nn.Softmax(dim=1),
    nn.Dropout(0.1),
    nn.MSELoss(),
    nn.ELU(),
)
print(len(list(stack.parameters())), isinstance(stack.layers, nn.Module))
