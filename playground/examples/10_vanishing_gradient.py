"""The gradient that fades. Through a stack of sigmoids, almost nothing of a gradient reaches the first layer.

Section: For pleasure.
"""

# %% The slope of a sigmoid is never above a quarter
import matplotlib.pyplot as plt
import torch
from torch import nn

x = torch.linspace(-6, 6, 97, requires_grad=True)
s = torch.sigmoid(x)
s.sum().backward()
print(f"steepest slope: {x.grad.max():.4f}")

# %% Ten layers deep
def gradient_by_layer(activation):
    """The size of the gradient at each layer's weights, first layer first."""
    torch.manual_seed(1)
    layers = []
    for _ in range(10):
        layers += [nn.Linear(12, 12), activation()]
    net = nn.Sequential(*layers)
    net(torch.randn(32, 12)).pow(2).sum().backward()
    return [layer.weight.grad.norm().item() for layer in net if isinstance(layer, nn.Linear)]


by_sigmoid = gradient_by_layer(nn.Sigmoid)
by_relu = gradient_by_layer(nn.ReLU)
print(f"sigmoid: the last layer hears {by_sigmoid[-1] / by_sigmoid[0]:,.0f} times as much as the first")
print(f"ReLU:    {by_relu[-1] / by_relu[0]:,.0f} times")

# %% The picture
# A straight line on a logarithmic axis: every layer keeps the same small fraction of what it is given.
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
left.plot(x.detach(), s.detach(), label="sigmoid")
left.plot(x.detach(), x.grad, "--", label="its slope")
left.legend()
right.semilogy(range(1, 11), by_sigmoid, "o-", label="sigmoid")
right.semilogy(range(1, 11), by_relu, "s-", label="ReLU")
right.set_xlabel("layer")
right.set_ylabel("size of the gradient")
right.legend()
plt.show()
