# Custom functions: contexts, constants, in place, straight-through, through NumPy, intermediates as outputs.
import torch
from torch.autograd import Function, gradcheck, gradgradcheck
from torch.autograd.function import once_differentiable
import numpy as np


class Exp(Function):
    @staticmethod
    def forward(ctx, i):
        result = i.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, grad_output):
        (result,) = ctx.saved_tensors
        return grad_output * result


x = torch.tensor([0.0, 1.0], requires_grad=True)
y = Exp.apply(x)
y.sum().backward()
print(y, x.grad, y.grad_fn.saved_tensors if False else "")


class LinearFunction(Function):
    @staticmethod
    def forward(input, weight, bias):
        output = input.mm(weight.t())
        if bias is not None:
            output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def setup_context(ctx, inputs, output):
        input, weight, bias = inputs
        ctx.save_for_backward(input, weight, bias)

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        gi = gw = gb = None
        if ctx.needs_input_grad[0]:
            gi = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            gw = grad_output.t().mm(input)
        if bias is not None and ctx.needs_input_grad[2]:
            gb = grad_output.sum(0)
        return gi, gw, gb


linear = LinearFunction.apply
inp = (
    torch.randn(5, 4, dtype=torch.double, requires_grad=True),
    torch.randn(3, 4, dtype=torch.double, requires_grad=True),
    torch.randn(3, dtype=torch.double, requires_grad=True),
)
print(gradcheck(linear, inp, eps=1e-6, atol=1e-4), gradgradcheck(linear, inp))


class MulConstant(Function):
    @staticmethod
    def forward(ctx, tensor, constant):
        ctx.set_materialize_grads(False)
        ctx.constant = constant
        return tensor * constant

    @staticmethod
    def backward(ctx, grad_output):
        if grad_output is None:
            return None, None
        return grad_output * ctx.constant, None


print(MulConstant.apply(x, 5), torch.autograd.grad(MulConstant.apply(x, 5).sum(), x))


class MySquare(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x


class Inplace(Function):
    @staticmethod
    def forward(ctx, x):
        xn = x.numpy() if False else None
        x.add_(1)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g


a = torch.ones(2, requires_grad=True)
b = a.clone()
print(Inplace.apply(b) is b, b, b.grad_fn.name())


class STE(Function):
    @staticmethod
    def forward(ctx, input):
        return (input > 0).float()

    @staticmethod
    def backward(ctx, g):
        return torch.nn.functional.hardtanh(g)


t = torch.tensor([-1.0, 2.0], requires_grad=True)
STE.apply(t).mul(3.0).sum().backward()
print(t.grad)


class FFT(Function):
    @staticmethod
    def forward(ctx, input):
        n = input.detach().numpy()
        r = abs(np.fft.rfft2(n))
        return input.new(r) if False else torch.as_tensor(r, dtype=input.dtype)

    @staticmethod
    def backward(ctx, g):
        n = g.numpy()
        return g.new_tensor(np.fft.irfft2(n, s=(4, 4)))


i = torch.arange(16.0).reshape(4, 4).requires_grad_()
o = FFT.apply(i)
print(o)
o.backward(torch.ones_like(o))
print(i.grad)


class Cube(Function):
    @staticmethod
    def forward(x):
        return x**3, 3 * x**2

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        result, dx = output
        ctx.save_for_backward(x, dx)
        ctx.mark_non_differentiable(dx) if False else None

    @staticmethod
    def backward(ctx, g, gdx):
        x, dx = ctx.saved_tensors
        return g * dx + gdx * 6 * x


def my_cube(x):
    return Cube.apply(x)[0]


c = torch.tensor(2.0, requires_grad=True)
(g,) = torch.autograd.grad(my_cube(c), c, create_graph=True)
(gg,) = torch.autograd.grad(g, c)
print(g, gg)


class Once(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        return g * 2


o = Once.apply(c)
(g,) = torch.autograd.grad(o, c, create_graph=True)
print(g, g.requires_grad)
try:
    torch.autograd.grad(g, c)
except RuntimeError as e:
    print(e)
print(Cube.apply(c), [n[0] for n in Cube.apply(c)[0].grad_fn.next_functions])
try:
    gradcheck(lambda x: STE.apply(x), (torch.tensor([1.0], dtype=torch.double, requires_grad=True),))
except Exception as e:
    print(type(e).__name__, str(e).splitlines()[0])
