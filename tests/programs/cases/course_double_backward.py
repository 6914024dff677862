# Custom functions differentiated twice, Hessians and products with them.
# tolerance: 1e-5
# Sums that a BLAS may add up in another order.
import torch


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, grad_out):
        (x,) = ctx.saved_tensors
        return grad_out * 2 * x


x = torch.rand(3, 3, requires_grad=True, dtype=torch.double)
print(torch.autograd.gradcheck(Square.apply, x), torch.autograd.gradgradcheck(Square.apply, x))


class Sinh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        expx = torch.exp(x)
        expnegx = torch.exp(-x)
        ctx.save_for_backward(expx, expnegx)
        return (expx - expnegx) / 2, expx, expnegx

    @staticmethod
    def backward(ctx, grad_out, _g1, _g2):
        expx, expnegx = ctx.saved_tensors
        g = grad_out * (expx + expnegx) / 2
        g = g + _g1 * expx
        g = g - _g2 * expnegx
        return g


def sinh(x):
    return Sinh.apply(x)[0]


print(torch.autograd.gradcheck(sinh, x), torch.autograd.gradgradcheck(sinh, x))


def cube_forward(x):
    return x**3


def cube_backward(g, x):
    return g * 3 * x**2


def cube_bb(g, sg, x):
    return g * sg * 6 * x


def cube_bb_go(g, sg, x):
    return g * 3 * x**2


class CubeB(torch.autograd.Function):
    @staticmethod
    def forward(ctx, g, x):
        ctx.save_for_backward(g, x)
        return cube_backward(g, x)

    @staticmethod
    def backward(ctx, gg):
        g, x = ctx.saved_tensors
        return cube_bb_go(gg, g, x), cube_bb(gg, g, x)


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return cube_forward(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return CubeB.apply(g, x)


x = torch.tensor(2.0, requires_grad=True, dtype=torch.double)
print(torch.autograd.gradgradcheck(Cube.apply, x))
out = Cube.apply(x)
(gx,) = torch.autograd.grad(out, x, create_graph=True)
print(out, gx, gx.grad_fn)
gx.backward()
print(x.grad)
# Hessian-vector, HVP, gradient norm
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
f = (w**3).sum() + w.prod()
(g,) = torch.autograd.grad(f, w, create_graph=True)
(hv,) = torch.autograd.grad(g, w, torch.ones(3), retain_graph=True)
print(g, hv)
H = torch.stack([torch.autograd.grad(g[i], w, retain_graph=True)[0] for i in range(3)])
print(H, torch.autograd.functional.hessian(lambda w: (w**3).sum() + w.prod(), w.detach()), torch.linalg.eigvalsh(H))
print(
    torch.autograd.grad(g.norm(), w),
    torch.autograd.functional.jacobian(lambda a: a.exp() * a.sum(), torch.tensor([0.0, 1.0])),
    torch.autograd.functional.vjp(lambda a: a**2, w.detach(), torch.ones(3)),
    torch.autograd.functional.hvp(lambda a: (a**3).sum(), w.detach(), torch.ones(3)),
)
print(
    torch.autograd.grad(
        [f.clone() if False else (w**2).sum(), (w**3).sum()], [w], [torch.tensor(1.0), torch.tensor(2.0)]
    ),
    torch.autograd.grad((w * 2), w, torch.eye(3), is_grads_batched=True),
)
