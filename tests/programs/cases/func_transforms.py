# Derivatives as functions of functions, nested at will.
import torch
from torch.func import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp

x = torch.tensor([1.0, 2.0, 3.0])


def f(x):
    return (x**3).sum() * x.prod()


print(grad(f)(x), grad_and_value(f)(x))
print(grad(grad(grad(lambda a: a**4)))(torch.tensor(2.0)))
print(grad(lambda a, b: (a["w"] * b).sum(), argnums=(0, 1))({"w": x}, x + 1))
print(grad(lambda a: (a.sum(), {"twice": a * 2}), has_aux=True)(x))
out, pull = vjp(lambda a, b: (a * b, a.sum()), x, x * 2)
print(out, pull((torch.ones(3), torch.tensor(10.0))))
print(jvp(lambda a: a / a.sum(), (x,), (torch.ones(3),)))
print(jacrev(lambda a: a[:2] * a.sum())(x), jacfwd(lambda a: a[:2] * a.sum())(x))
print(hessian(f)(x))
print(jacfwd(jacfwd(f))(x)[0], jacrev(jacfwd(f))(x)[1], jacrev(jacrev(f))(x)[2])
print(jacrev(lambda a, b: {"p": a * b, "s": a.sum()}, argnums=(0, 1))(x[:2], x[1:]))
print(jvp(grad(f), (x,), (torch.tensor([1.0, 0.0, 0.0]),)))
print(grad(lambda a: jvp(torch.sin, (a,), (torch.ones(()),))[1])(torch.tensor(0.5)))
# Perturbations of different levels stay apart.
print(grad(lambda a: a * grad(lambda b: a + b)(torch.tensor(1.0)))(torch.tensor(2.0)))
print(jvp(lambda a: a * jvp(lambda b: a * b, (a,), (torch.tensor(1.0),))[1], (torch.tensor(3.0),), (torch.tensor(1.0),)))
out, linear = linearize(lambda a: a.sin() * a, x)
print(out, linear(torch.ones(3)))
w = torch.tensor([1.0, 1.0, 2.0], requires_grad=True)
g = grad(lambda a: (a**2 * w).sum())(x)
print(g.requires_grad, torch.autograd.grad(g.sum(), w))
with torch.no_grad():
    print(grad(f)(w))
for bad in (
    lambda: grad(lambda a: a * 2)(x),
    lambda: grad(lambda a: 1.0)(x),
    lambda: grad(f)(3.0),
    lambda: grad(f, argnums=1)(x),
    lambda: grad(f)(torch.tensor([1, 2])),
    lambda: pull(torch.ones(3)),
    lambda: jvp(f, x, x),
    lambda: jvp(f, (x,), (x, x)),
    lambda: jacrev(lambda a: 2.0)(x),
):
    try:
        bad()
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__, error)
