# What the graph keeps, and what hooks can make of it.
import torch
from torch.autograd.graph import disable_saved_tensors_hooks, save_on_cpu, saved_tensors_hooks

kept = []


def pack(t):
    kept.append(t.clone())
    print("pack", [round(v, 4) for v in t.tolist()], t.requires_grad)
    return len(kept) - 1


def unpack(k):
    print("unpack", k)
    return kept[k]


x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.tensor([3.0, 4.0], requires_grad=True)
with saved_tensors_hooks(pack, unpack):
    z = x * y
    w = torch.exp(z / 4)
    w.mul_(x)
print(w, z.grad_fn.name())
w.sum().backward()
print(x.grad, y.grad)


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


with saved_tensors_hooks(pack, unpack):
    c = Cube.apply(x)
print(torch.autograd.grad(c.sum(), x))
with save_on_cpu():
    s = (x * x).sin().sum()
print(torch.autograd.grad(s, x, create_graph=True))
for bad in ((lambda t: t.mul_(2), lambda t: t), (lambda t: 4, lambda t: t)):
    try:
        with saved_tensors_hooks(*bad):
            (x.detach() * y).sum().backward()
    except (RuntimeError, TypeError) as error:
        print(type(error).__name__, str(error)[:70])
with disable_saved_tensors_hooks("no hooks here"):
    try:
        with saved_tensors_hooks(pack, unpack):
            pass
    except RuntimeError as error:
        print(error)
