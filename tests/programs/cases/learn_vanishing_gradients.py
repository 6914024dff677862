# How gradients shrink through sigmoids and not through ReLUs.
import torch
from torch import nn

for activation in (nn.Sigmoid, nn.Tanh, nn.ReLU):
    torch.manual_seed(0)
    layers = []
    for _ in range(6):
        layers += [nn.Linear(16, 16), activation()]
    net = nn.Sequential(*layers, nn.Linear(16, 1))
    x = torch.randn(32, 16)
    net(x).pow(2).mean().backward()
    norms = [layer.weight.grad.norm().item() for layer in net if isinstance(layer, nn.Linear)]
    print(activation.__name__, [f"{norm:.2e}" for norm in norms])
x = torch.tensor(0.5, requires_grad=True)
y = x
for depth in range(1, 11):
    y = torch.sigmoid(y)
    (slope,) = torch.autograd.grad(y, x, retain_graph=True)
    print(depth, f"{slope.item():.3e}")
