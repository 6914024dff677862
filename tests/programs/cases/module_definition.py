# A model as a class: parameters and submodules register themselves.
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.activation = nn.ReLU()
        self.rest = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1, bias=False))
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        return self.rest(self.activation(self.first(x))) * self.scale


torch.manual_seed(0)
net = Net()
print(net)
for name, parameter in net.named_parameters():
    print(name, tuple(parameter.shape), parameter.requires_grad)
print([name for name, _ in net.named_modules()])
print([name for name, _ in net.named_children()], [name for name, _ in net.named_buffers()])
print(sum(p.numel() for p in net.parameters()), len(list(net.modules())))
print(net(torch.tensor([[1.0, -1.0], [0.5, 2.0]])))
print(net.calls, net.scale, net.rest[2].bias, net.rest[0])
try:
    net.missing
except AttributeError as error:
    print(error)
try:
    net.scale = 3.0
except TypeError as error:
    print(error)
