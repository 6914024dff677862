# Dropout at test time, ensembles, the Laplace approximation.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))
x = torch.linspace(-1, 1, 5)[:, None]


def enable(m):
    for l in m.modules():
        if l.__class__.__name__.startswith("Dropout"):
            l.train()


net.eval()
enable(net)
with torch.no_grad():
    s = torch.stack([net(x) for _ in range(20)])
print(s.mean(0).flatten(), s.std(0).flatten(), s.shape)
nets = [nn.Linear(1, 2) for _ in range(3)]
ms, vs = zip(*[(o[:, 0], nn.functional.softplus(o[:, 1])) for o in (n(x) for n in nets)])
mu = torch.stack(ms).mean(0)
var = (torch.stack(vs) + torch.stack(ms) ** 2).mean(0) - mu**2
print(mu, var)
print(
    nn.GaussianNLLLoss()(mu, x.flatten(), var),
    nn.functional.gaussian_nll_loss(mu, x.flatten(), var, full=True, reduction="sum"),
)
w = torch.tensor([0.5, -0.2], requires_grad=True)
X = torch.randn(30, 2)
y = (X @ torch.tensor([1.0, -1.0]) > 0).float()
nlp = lambda w: nn.functional.binary_cross_entropy_with_logits(X @ w, y, reduction="sum") + 0.5 * w @ w
for _ in range(6):
    g = torch.autograd.functional.jacobian(nlp, w)
    H = torch.autograd.functional.hessian(nlp, w)
    w = (w - torch.linalg.solve(H, g)).detach()
print(w, torch.linalg.inv(H), g.abs().max() < 1e-3)
F_ = torch.zeros(2, 2)
for xi, yi in zip(X, y):
    gi = (torch.sigmoid(xi @ w) - yi) * xi
    F_ += torch.outer(gi, gi)
print(F_)


class EMA:
    def __init__(s, m, d):
        s.d = d
        s.sh = {n: p.data.clone() for n, p in m.named_parameters() if p.requires_grad}

    def update(s, m):
        for n, p in m.named_parameters():
            s.sh[n] -= (1 - s.d) * (s.sh[n] - p.data)


e = EMA(nets[0], 0.9)
nets[0].weight.data += 1
e.update(nets[0])
print(e.sh["weight"] - nets[0].weight.data)
