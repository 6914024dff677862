# Dual tensors: derivatives that travel forward with the values.
import torch
import torch.autograd.forward_ad as fwAD

x, t = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.5])
w = torch.tensor([3.0, 4.0], requires_grad=True)
with fwAD.dual_level():
    d = fwAD.make_dual(x, t)
    print(d, d.requires_grad)
    y = (d * w).sin() / d.sum()
    print(fwAD.unpack_dual(y.detach() * d))
    print(fwAD.unpack_dual(torch.stack([d, d * 2]).softmax(0).max(dim=1).values).tangent)
    print(fwAD.unpack_dual(torch.cat([d, x]).cumsum(0)).tangent, fwAD.unpack_dual(x).tangent)
    print([fwAD.unpack_dual(part).tangent for part in (d * d).unbind()])
    # Forward over reverse: a gradient has a tangent too.
    (g,) = torch.autograd.grad((d**2 * w**2).sum(), w)
    print(fwAD.unpack_dual(g))
    # In place, and through views.
    b = torch.zeros(3)
    b[1:] = d
    b.mul_(d.sum())
    print(fwAD.unpack_dual(b))
    c = d.clone()
    c[0].exp_()
    print(fwAD.unpack_dual(c).tangent)
    for bad in (
        lambda: fwAD.make_dual(x, torch.ones(3)),
        lambda: fwAD.make_dual(torch.tensor([1]), t),
        lambda: fwAD.make_dual(d, t),
        lambda: fwAD.enter_dual_level(),
    ):
        try:
            bad()
        except (RuntimeError, ValueError) as error:
            print(type(error).__name__, error)
print(fwAD.unpack_dual(y).tangent)


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_forward(x)
        return x * 2

    @staticmethod
    def jvp(ctx, t):
        print("jvp", ctx.saved_tensors[0].tolist())
        return t * 2


with fwAD.dual_level():
    print(Twice.apply(fwAD.make_dual(x, t)))
f = lambda a: (a**3).sum() * a
print(torch.autograd.functional.jacobian(f, x, vectorize=True, strategy="forward-mode"))
