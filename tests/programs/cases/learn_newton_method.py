# Newton's method: the Hessian says how far to step.
import torch
from torch.autograd.functional import hessian, jacobian


def f(p):
    x, y = p
    return x**4 - 3 * x * y + y**4 + x


p = torch.tensor([1.5, 1.0], dtype=torch.float64)
for step in range(6):
    g, H = jacobian(f, p), hessian(f, p)
    print(
        f"{step}: p = ({p[0].item():.6f}, {p[1].item():.6f}), f = {f(p).item():.6f}, |g| = {g.norm().item():.2e}"
    )
    p = p - torch.linalg.solve(H, g)
print(H)
root = torch.tensor(3.0, dtype=torch.float64)
for _ in range(6):
    t = root.clone().requires_grad_()
    value = t**3 - 2 * t - 5
    value.backward()
    root = (t - value / t.grad).detach()
    print(f"{root.item():.8f}")
