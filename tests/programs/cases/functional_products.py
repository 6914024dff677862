# vjp, jvp, vhp and hvp: products with the matrices, without building them.
import torch
from torch.autograd.functional import hvp, jvp, vhp, vjp


def rows(x):
    return x.exp().sum(dim=1)


x = torch.tensor([[0.0, 1.0], [2.0, 0.5]])
print(vjp(rows, x, torch.tensor([1.0, 10.0])))
print(jvp(rows, x, torch.ones(2, 2)))


def cubic(x):
    return x.pow(3).sum()


v = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
print(vhp(cubic, x, v))
print(hvp(cubic, x, v))


def pair(a, b):
    return a * b, (a + b).sum()


a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
print(vjp(pair, (a, b), (torch.tensor([1.0, 1.0]), torch.tensor(10.0))))
print(jvp(pair, (a, b), (torch.ones(2), torch.zeros(2))))
print(vhp(lambda a, b: (a * b).sum(), (a, b), (torch.ones(2), torch.tensor([5.0, 6.0]))))
print(hvp(lambda a, b: (a**2 * b).sum(), (a, b), (torch.ones(2), torch.zeros(2))))
print(vjp(lambda t: t.sum(), a), jvp(lambda t: t * 2, torch.tensor(1.0)))
t = torch.tensor([1.0, 2.0], requires_grad=True)
_, product = vjp(lambda x: x**3, t, torch.ones(2), create_graph=True)
print(product)
product.sum().backward()
print(t.grad)


def doubling(x):
    y = x * 2
    while y.data.norm() < 1000:
        y = y * 2
    return y


print(vjp(doubling, torch.tensor([0.5, -1.0, 2.0]), v=torch.tensor([0.1, 1.0, 0.0001])))
