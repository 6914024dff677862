# Derivatives of everything a beginner meets.
import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(0)
x = torch.tensor(3.0, requires_grad=True)
y = x**2 + 2 * x + 1
y.backward()
print(f"dy/dx = {x.grad}", x.grad.item())
x.grad.zero_()
(x**3).backward()
print(x.grad)
x.grad = None
print(x.grad)
a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(1.0, requires_grad=True)
c = a * b
d = torch.log(c)
e = d * a
print(e.grad_fn, e.grad_fn.next_functions, e.grad_fn.next_functions[0][0].next_functions)


def walk(fn, depth=0):
    if fn is None:
        return
    print("  " * depth + type(fn).__name__)
    for nx, _ in fn.next_functions:
        walk(nx, depth + 1)


walk(e.grad_fn)
e.backward(retain_graph=True)
print(a.grad, b.grad)
print(c.is_leaf, a.is_leaf, c.requires_grad)
try:
    print(c.grad)
except Exception as ex:
    print(ex)
w = torch.randn(3, 2, requires_grad=True)
v = torch.randn(2)
out = w @ v
J = torch.stack([torch.autograd.grad(out[i], w, retain_graph=True)[0] for i in range(3)])
print(J.shape, J[0])
out.backward(torch.tensor([1.0, 0.0, 0.0]))
print(w.grad)
u = torch.ones(3, requires_grad=True)
z = u * 2
while z.data.norm() < 50:
    z = z * 2
print(z)
z.backward(torch.tensor([0.1, 1.0, 0.0001]))
print(u.grad)
s = torch.zeros(2, requires_grad=True)
torch.stack([s[0] * 2, s[1] * 3]).sum().backward()
print(s.grad)
p = torch.arange(4.0, requires_grad=True)
p[p > 1].sum().backward()
print(p.grad)
q = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
q.max().backward()
print(q.grad)
q.grad = None
q.sort(descending=True)[0][0].backward()
print(q.grad)
q.grad = None
q.abs().norm().backward()
print(q.grad)
q.grad = None
torch.where(q > 1.5, q**2, q).sum().backward()
print(q.grad)
q.grad = None
q.clamp(1.5, 2.5).sum().backward()
print(q.grad)
q.grad = None
(q.cumsum(0) * torch.arange(3)).sum().backward()
print(q.grad)
q.grad = None
F.pad(q, (1, 1)).pow(2).sum().backward()
print(q.grad)
q.grad = None
q.prod().backward()
print(q.grad)
q.grad = None
q.std().backward()
print(q.grad)
q.grad = None
q.repeat(2, 2).mean().backward()
print(q.grad)
q.grad = None
q.softmax(0)[1].backward()
print(q.grad)
q.grad = None
torch.logsumexp(q, 0).backward()
print(q.grad)
q.grad = None
q.median().backward()
print(q.grad)
q.grad = None
q.flip(0).diff().sum().backward()
print(q.grad)
q.grad = None
torch.dist(q, torch.zeros(3)).backward()
print(q.grad)
q.grad = None
(q.unsqueeze(1) - q.unsqueeze(0)).pow(2).sum().backward()
print(q.grad)
for f in (
    "relu",
    "sigmoid",
    "tanh",
    "softplus",
    "elu",
    "gelu",
    "silu",
    "leaky_relu",
    "selu",
    "softsign",
    "hardtanh",
    "relu6",
    "mish",
    "hardswish",
    "logsigmoid",
    "tanhshrink",
    "hardsigmoid",
    "celu",
    "hardshrink",
    "softshrink",
):
    r = torch.tensor([-2.0, -0.5, 0.0, 0.5, 7.0], requires_grad=True)
    o = getattr(F, f)(r)
    o.sum().backward()
    print(f, o.detach(), r.grad, o.grad_fn.name())
for op in (
    torch.sin,
    torch.cos,
    torch.tan,
    torch.exp,
    torch.log,
    torch.sqrt,
    torch.rsqrt,
    torch.abs,
    torch.floor,
    torch.round,
    torch.sign,
    torch.reciprocal,
    torch.square,
    torch.asin,
    torch.atan,
    torch.sinh,
    torch.cosh,
    torch.erf,
    torch.expm1,
    torch.log1p,
    torch.log2,
    torch.log10,
    torch.lgamma,
    torch.digamma,
    torch.sigmoid,
    torch.tanh,
    torch.neg,
    torch.frac,
    torch.trunc,
    torch.sinc,
    torch.exp2,
    torch.deg2rad,
):
    r = torch.tensor([0.3, 0.7], requires_grad=True)
    o = op(r)
    o.sum().backward()
    print(op.__name__, o, r.grad)
