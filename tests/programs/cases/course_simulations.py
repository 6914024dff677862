# Differentiating through simulations.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch

v = torch.tensor([2.0, 3.0], requires_grad=True)
target = torch.tensor([1.5, 0.2])
opt = torch.optim.SGD([v], lr=0.3)
for it in range(6):
    p, vel, dt = torch.zeros(2), v, 0.05
    for _ in range(10):
        vel = vel + dt * torch.tensor([0.0, -9.8])
        p = p + dt * vel
    l = ((p - target) ** 2).sum()
    opt.zero_grad()
    l.backward()
    opt.step()
    print(it, f"{l.item():.5f}", v.data, v.grad)
k = torch.tensor(1.0, requires_grad=True)
x0, v0 = torch.tensor(1.0), torch.tensor(0.0)


def sim(k):
    x, v = x0, v0
    xs = []
    for _ in range(20):
        v = v - 0.1 * k * x
        x = x + 0.1 * v
        xs.append(x)
    return torch.stack(xs)


true = sim(torch.tensor(2.0)).detach()
o = torch.optim.Adam([k], lr=0.1)
for i in range(8):
    o.zero_grad()
    l = (sim(k) - true).pow(2).mean()
    l.backward()
    o.step()
    print(f"{l:.6f} {k.item():.4f} {k.grad:.4f}")
pts = torch.tensor([[0.0, 0], [1, 2], [2, 0]], requires_grad=True)
t = torch.linspace(0, 1, 5)[:, None]
B = (1 - t) ** 2 * pts[0] + 2 * t * (1 - t) * pts[1] + t**2 * pts[2]
B[:, 1].max().backward()
print(B, pts.grad)
sigma, rho, beta = 10.0, 28.0, 8 / 3
s = torch.tensor([1.0, 1.0, 1.0])
for _ in range(50):
    x, y, z = s
    s = s + 0.01 * torch.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])
print(s)
q = torch.tensor([0.3, 0.4], requires_grad=True)
L = 0.5 * (q**2).sum() - torch.cos(q).sum()
print(
    torch.autograd.grad(L, q), torch.autograd.functional.hessian(lambda q: 0.5 * (q**2).sum() - torch.cos(q).sum(), q)
)
