# A Function with its own derivative.
import torch


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


class ScaledSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b, factor):
        ctx.factor = factor
        return (a + b) * factor

    @staticmethod
    def backward(ctx, g):
        return g * ctx.factor, g * ctx.factor if ctx.needs_input_grad[1] else None, None


x = torch.tensor([1.0, 2.0], requires_grad=True)
y = Cube.apply(x)
print(y)
y.sum().backward()
print(x.grad)
(first,) = torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
print(torch.autograd.grad(first.sum(), x))
print(ScaledSum.apply(x, torch.ones(2), 10.0))
print(torch.autograd.grad(ScaledSum.apply(x, x, 2.0).sum(), x))
print(Cube.apply(torch.ones(1)).requires_grad)
