# Derivatives of derivatives: create_graph keeps the backward pass differentiable.
import torch
from torch.autograd import grad

x = torch.tensor(2.0, requires_grad=True)
y = x**4
for order in range(1, 6):
    (y,) = grad(y, x, create_graph=True)
    print(order, y)
x = torch.linspace(0.0, 3.0, 4, requires_grad=True)
f = x.sin() * x.exp()
(first,) = grad(f.sum(), x, create_graph=True)
(second,) = grad(first.sum(), x, create_graph=True)
(third,) = grad(second.sum(), x)
print(first, second, third, sep="\n")
print(second.grad_fn is not None, third.grad_fn)
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w**3).sum()
loss.backward(create_graph=True)
print(w.grad)
penalty = (w.grad**2).sum()
w.grad = None
penalty.backward()
print(w.grad)
z = torch.tensor([0.5, -1.0], requires_grad=True)
for function in (
    torch.tanh,
    torch.sigmoid,
    torch.exp,
    torch.cos,
    torch.relu,
    lambda t: t.softmax(0),
    lambda t: 1 / t,
):
    (g,) = grad((function(z) * torch.tensor([1.0, 3.0])).sum(), z, create_graph=True)
    (h,) = grad(g[0] + 2 * g[1], z, allow_unused=True)
    print(g.detach(), h)
