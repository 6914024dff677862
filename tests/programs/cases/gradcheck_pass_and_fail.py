# Comparing analytic with numerical derivatives.
import torch
from torch.autograd import gradcheck, gradgradcheck


class WrongSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x


x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
y = torch.tensor([[0.5], [-0.25]], dtype=torch.float64, requires_grad=True)
print(gradcheck(lambda a: (a.sin() * a.exp()).sum(), x))
print(gradcheck(lambda a, b: a * b + b.tanh(), (x, y)))
print(gradgradcheck(lambda a: a**3, (x,)))
print(gradcheck(torch.sigmoid, (x,), eps=1e-5, atol=1e-4))
print(gradcheck(WrongSquare.apply, (x,), raise_exception=False))
try:
    gradcheck(WrongSquare.apply, (x,))
except Exception as error:
    lines = str(error).splitlines()
    print(type(error).__name__, lines[0], sep=": ")
    print([line for line in lines if line.startswith(("numerical", "analytical"))])
try:
    gradcheck(torch.sin, (torch.ones(2),))
except ValueError as error:
    print(error)
