# Linear: initial weights from the seed, values and gradients.
import math

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
layer = nn.Linear(3, 2)
print(layer.weight, layer.bias, layer)
x = torch.tensor([[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]])
y = layer(x)
print(y)
print(
    torch.allclose(y, x @ layer.weight.T + layer.bias), torch.equal(y, F.linear(x, layer.weight, layer.bias))
)
y.sum().backward()
print(layer.weight.grad, layer.bias.grad)
print(layer(torch.ones(3)), layer(torch.ones(2, 4, 3)).shape)
print(layer.in_features, layer.out_features, (layer.weight.abs() <= 1 / math.sqrt(3)).all())
plain = nn.Linear(20, 5, bias=False)
print(plain.weight, plain.bias, plain)
for shape in ((2, 4), (4,)):
    try:
        layer(torch.ones(shape))
    except RuntimeError as error:
        print(error)
for initialise in (
    nn.init.xavier_uniform_,
    nn.init.kaiming_normal_,
    nn.init.normal_,
    nn.init.uniform_,
    nn.init.ones_,
):
    print(initialise(torch.empty(2, 3)))
