# Normalizing flows: planar, coupling layers, transformed distributions.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, math
from torch.distributions import MultivariateNormal, Normal, TransformedDistribution, SigmoidTransform, AffineTransform

torch.manual_seed(0)


class Planar(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.u = nn.Parameter(torch.randn(d) * 0.1)
        self.w = nn.Parameter(torch.randn(d) * 0.1)
        self.b = nn.Parameter(torch.zeros(1))

    def forward(self, z):
        a = torch.tanh(z @ self.w + self.b)
        f = z + self.u * a.unsqueeze(-1)
        psi = (1 - a**2).unsqueeze(-1) * self.w
        return f, torch.log(torch.abs(1 + psi @ self.u) + 1e-6)


class RealNVP(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)
        self.s = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2), nn.Tanh())
        self.t = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))

    def inverse(self, x):
        xm = x * self.mask
        s = self.s(xm) * (1 - self.mask)
        t = self.t(xm) * (1 - self.mask)
        return (1 - self.mask) * (x - t) * torch.exp(-s) + xm, -s.sum(1)


flows = nn.ModuleList([RealNVP(torch.tensor([0.0, 1.0])), RealNVP(torch.tensor([1.0, 0.0]))])
prior = MultivariateNormal(torch.zeros(2), torch.eye(2))
print(prior)
data = torch.randn(64, 2) * torch.tensor([2.0, 0.5]) + torch.tensor([1.0, -1.0])
opt = torch.optim.Adam([p for p in flows.parameters() if p.requires_grad], lr=1e-2)
for i in range(12):
    z, ld = data, torch.zeros(64)
    for f in reversed(flows):
        z, l = f.inverse(z)
        ld = ld + l
    loss = -(prior.log_prob(z) + ld).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 4 == 0:
        print(i, f"{loss:.4f}")
print(z[:2], ld[:2])
net = nn.ModuleList([Planar(2) for _ in range(3)])
z = torch.randn(5, 2)
s = 0
for f in net:
    z, l = f(z)
    s = s + l
print(z, s)
d = TransformedDistribution(Normal(0.0, 1.0), [SigmoidTransform().inv, AffineTransform(1.0, 2.0)])
x = d.rsample((3,))
print(d.log_prob(x).shape, d)
td = TransformedDistribution(Normal(torch.zeros(2), torch.ones(2)), [torch.distributions.ExpTransform()])
print(td.log_prob(torch.tensor([1.0, 2.0])), torch.distributions.LogNormal(0.0, 1.0).log_prob(torch.tensor(2.0)))
