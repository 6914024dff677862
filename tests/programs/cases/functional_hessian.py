# The matrix of all second derivatives.
import torch
from torch.autograd.functional import hessian


def cubic(x):
    return x.pow(3).sum()


print(hessian(cubic, torch.tensor([[1.0, 2.0], [3.0, 4.0]])))
print(hessian(lambda x: x[0] ** 2 * x[1], torch.tensor([3.0, 5.0])))


def adder(x, y):
    return (2 * x.pow(2) + 3 * y.pow(2) + x * y).sum()


print(hessian(adder, (torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))))
A = torch.tensor([[2.0, 1.0], [1.0, 3.0]])
print(hessian(lambda x: 0.5 * x @ A @ x, torch.zeros(2)))
x = torch.tensor([1.0, 2.0], requires_grad=True)
H = hessian(cubic, x, create_graph=True)
print(H)
H.sum().backward()
print(x.grad)
print(hessian(lambda t: t.sum(), torch.ones(2)))
print(hessian(lambda t: t.exp().sum(), torch.zeros(3, dtype=torch.float64)))
for function in (lambda t: t * 2, lambda t: (t.sum(), t.sum())):
    try:
        hessian(function, torch.ones(2))
    except RuntimeError as error:
        print(error)
