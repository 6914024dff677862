# A sparse denoising autoencoder, cross-validation, neighbours, a perceptron.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch
from torch import nn

torch.manual_seed(0)
data = torch.rand(24, 6)
enc = nn.Sequential(nn.Linear(6, 3), nn.Sigmoid())
dec = nn.Linear(3, 6)
ae = nn.Sequential(enc, dec)
opt = torch.optim.Adam(ae.parameters(), lr=0.02)
for e in range(5):
    noisy = data + 0.1 * torch.randn_like(data)
    r = ae(noisy)
    rho = enc(noisy).mean(0)
    sp = (0.1 * torch.log(0.1 / rho) + 0.9 * torch.log(0.9 / (1 - rho))).sum()
    l = nn.functional.mse_loss(r, data) + 1e-3 * sp
    opt.zero_grad()
    l.backward()
    opt.step()
    print(e, f"{l.item():.5f}")
X, y = torch.randn(20, 3), torch.randn(20, 1)
k = 4
idx = torch.randperm(20)
scores = []
for f in range(k):
    va = idx[f * 5 : (f + 1) * 5]
    tr = torch.cat([idx[: f * 5], idx[(f + 1) * 5 :]])
    m = nn.Linear(3, 1)
    o = torch.optim.SGD(m.parameters(), lr=0.1)
    for _ in range(10):
        o.zero_grad()
        nn.functional.mse_loss(m(X[tr]), y[tr]).backward()
        o.step()
    with torch.no_grad():
        scores.append(nn.functional.mse_loss(m(X[va]), y[va]).item())
print([f"{s:.4f}" for s in scores], f"{sum(scores) / k:.4f} ± {torch.tensor(scores).std():.4f}")
d = torch.cdist(X[:3], X)
nn_ = d.topk(3, largest=False)
print(nn_.indices, nn_.values[:, 0], y[nn_.indices].mean(1))
per = torch.zeros(3)
b = 0.0
ys = (X[:, 0] > 0).float() * 2 - 1
for ep in range(3):
    err = 0
    for xi, yi in zip(X, ys):
        if yi * (per @ xi + b) <= 0:
            per += yi * xi
            b += yi
            err += 1
    print(ep, err, per, b)
mean, std = X.mean(dim=0), X.std(dim=0)
Z = (X - mean) / std
print(
    Z.mean(0).abs().max() < 1e-6,
    Z.std(0),
    (X - X.min(0).values) / (X.max(0).values - X.min(0).values) <= 1,
    torch.corrcoef(X.T),
)
pos = torch.tensor([0.1, 0.4, 0.35, 0.8])
lab = torch.tensor([0, 0, 1, 1])
auc = (pos[lab == 1][:, None] > pos[lab == 0]).float().mean()
print(auc)
