# Functions that save what they return, or change what they are given: as it is when forward is over.
import torch


class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        result = a.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, g):
        (result,) = ctx.saved_tensors
        print("saved", result, result.requires_grad)
        return g * result


class Double(torch.autograd.Function):
    """Saves its input before changing it: what counts is what it is in the end."""

    @staticmethod
    def forward(ctx, a):
        ctx.mark_dirty(a)
        ctx.save_for_backward(a)
        a.mul_(2)
        return a

    @staticmethod
    def backward(ctx, g):
        (result,) = ctx.saved_tensors
        print("saved", result, result._version)
        return g * 2


x = torch.tensor([0.0, 1.0], requires_grad=True)
(first,) = torch.autograd.grad(Exp.apply(x).sum(), x, create_graph=True)
(second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
print(first, second)
print(torch.autograd.grad(second.sum(), x))

y = Double.apply(x * 3)
print(y, y._version)
y.sum().backward()
print(x.grad)

z = Double.apply(x * 3)
z.add_(1)
try:
    z.sum().backward()
except RuntimeError as error:
    print(str(error)[:90])
