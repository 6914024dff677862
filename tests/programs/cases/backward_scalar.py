# The chain rule on one number, step by step.
import torch

x = torch.tensor(3.0, requires_grad=True)
y = x**2
z = 2 * y + x
z.backward()
print(x.grad)
print(x.grad == 4 * x + 1)
x.grad = None
print(x.grad)
loss = torch.log(torch.exp(x) + 1)
loss.backward()
print(loss, x.grad, torch.sigmoid(x.detach()))
one = torch.tensor([[2.0]], requires_grad=True)
(one * 5).backward()
print(one.grad)
a, b, c = (torch.tensor(v, requires_grad=True) for v in (2.0, -3.0, 10.0))
f = torch.tensor(-2.0, requires_grad=True)
e = a * b
d = e + c
L = d * f
L.backward()
print(L.item(), a.grad.item(), b.grad.item(), c.grad.item(), f.grad.item())
n = torch.tensor(1.0, requires_grad=True)
m = n + n + n * n
m.backward()
print(m, n.grad)
