# Derivatives of activations over a range, dropout by hand, a network that is told how to begin.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch
from torch import nn

torch.manual_seed(7)
x = torch.arange(-8.0, 8.0, 0.1, requires_grad=True)
y = torch.relu(x)
print(y.detach()[75:90])
y.backward(torch.ones_like(x), retain_graph=True)
print(x.grad[75:90])
y = torch.sigmoid(x)
x.grad.data.zero_()
y.backward(torch.ones_like(x), retain_graph=True)
print(x.grad[70:80])
y = torch.tanh(x)
x.grad.data.zero_()
y.backward(torch.ones_like(x), retain_graph=True)
print(x.grad[70:80])


def dropout_layer(X, dropout):
    assert 0 <= dropout <= 1
    if dropout == 1:
        return torch.zeros_like(X)
    if dropout == 0:
        return X
    mask = (torch.rand(X.shape) > dropout).float()
    return mask * X / (1.0 - dropout)


X = torch.arange(16, dtype=torch.float32).reshape((2, 8))
print(X)
print(dropout_layer(X, 0.0))
print(dropout_layer(X, 0.5))
print(dropout_layer(X, 1.0))
net = nn.Sequential(
    nn.Flatten(),
    nn.Linear(8, 16),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(16, 16),
    nn.ReLU(),
    nn.Dropout(0.5),
    nn.Linear(16, 3),
)


def init_weights(m):
    if type(m) == nn.Linear:
        nn.init.normal_(m.weight, std=0.01)


print(net.apply(init_weights))
opt = torch.optim.SGD(net.parameters(), lr=0.5)
X = torch.randn(32, 2, 4)
y = torch.randint(0, 3, (32,))
loss = nn.CrossEntropyLoss(reduction="none")
for i in range(5):
    l = loss(net(X), y)
    opt.zero_grad()
    l.mean().backward()
    opt.step()
    print(f"{l.mean():.5f}", l[:3])
net.eval()
print(net(X)[:2])
print(net[1].weight.grad[:2])
print(type(net[1].bias), net[1].bias.data[:4], net.state_dict()["1.bias"].data[:2])
print(*[(name, param.shape) for name, param in net.named_parameters()])
