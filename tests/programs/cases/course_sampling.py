# Metropolis, Langevin and Hamiltonian sampling, and a restricted Boltzmann machine.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, math

torch.manual_seed(0)


def logp(x):
    return -0.5 * (x**2).sum() - 0.1 * x[0] ** 4


x = torch.zeros(2)
acc = 0
for i in range(50):
    p = x + 0.5 * torch.randn(2)
    if torch.rand(()).log() < logp(p) - logp(x):
        x = p
        acc += 1
print(x, acc)
x = torch.ones(2, requires_grad=True)
for i in range(10):
    (g,) = torch.autograd.grad(logp(x), x)
    x = (x + 0.05 * g + math.sqrt(0.1) * torch.randn(2)).detach().requires_grad_()
print(x)


def hmc(q, eps=0.1, L=5):
    q = q.detach().clone().requires_grad_()
    p = torch.randn_like(q)
    H0 = -logp(q) + 0.5 * p @ p
    pn = p + 0.5 * eps * torch.autograd.grad(logp(q), q)[0]
    qn = q
    for i in range(L):
        qn = (qn + eps * pn).detach().requires_grad_()
        pn = pn + (eps if i < L - 1 else eps / 2) * torch.autograd.grad(logp(qn), qn)[0]
    H1 = -logp(qn) + 0.5 * pn @ pn
    return (qn if torch.rand(1) < torch.exp(H0 - H1) else q).detach(), (H0 - H1).item()


q = torch.zeros(2)
for i in range(5):
    q, dh = hmc(q)
    print(q, f"{dh:.5f}")
u = torch.rand(1000, 2)
print(
    4 * (u.pow(2).sum(1) < 1).float().mean(),
    torch.quantile(torch.randn(200), torch.tensor([0.25, 0.5, 0.75])),
    torch.histc(torch.randn(100), bins=5, min=-2, max=2),
    torch.multinomial(torch.tensor([0.1, 0.2, 0.7]), 10, replacement=True),
    torch.poisson(torch.tensor([1.0, 5.0, 10.0])),
)
w = torch.zeros(6, 4)
v = (torch.rand(1, 6) > 0.5).float()
h = torch.bernoulli(torch.sigmoid(v @ (w + 0.1)))
v2 = torch.bernoulli(torch.sigmoid(h @ (w + 0.1).t()))
print(v.t() @ h - v2.t() @ h)
