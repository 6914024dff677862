# Forces as the negative gradient of an energy.
import torch


def energy(q):
    kinetic_free = 9.81 * (1 - torch.cos(q[0])) + 0.5 * 4.0 * (q[1] - q[0]) ** 2
    return kinetic_free


q = torch.tensor([0.5, 0.0], dtype=torch.float64)
p = torch.zeros(2, dtype=torch.float64)
dt = 0.01
for step in range(301):
    q.requires_grad_()
    (g,) = torch.autograd.grad(energy(q), q)
    with torch.no_grad():
        p = p - dt * g
        q = q + dt * p
    if step % 100 == 0:
        total = energy(q) + 0.5 * (p**2).sum()
        print(f"{step * dt:.1f} s: q = {[round(v, 4) for v in q.tolist()]}, energy {total.item():.3f}")
