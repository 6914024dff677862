# Distillation, mixup, focal and smoothed losses.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(0)
T, S = nn.Linear(4, 3), nn.Linear(4, 3)
x = torch.randn(6, 4)
y = torch.randint(0, 3, (6,))
t = 4.0
with torch.no_grad():
    tl = T(x)
sl = S(x)
kd = F.kl_div(F.log_softmax(sl / t, dim=1), F.softmax(tl / t, dim=1), reduction="batchmean") * t * t
loss = 0.5 * kd + 0.5 * F.cross_entropy(sl, y)
loss.backward()
print(kd, loss, S.weight.grad)
lam = torch.distributions.Beta(0.4, 0.4).sample().item()
idx = torch.randperm(6)
xm = lam * x + (1 - lam) * x[idx]
lo = S(xm)
print(f"{lam:.4f}", idx, lam * F.cross_entropy(lo, y) + (1 - lam) * F.cross_entropy(lo, y[idx]))


def focal(lo, y, g=2.0, a=0.25):
    ce = F.cross_entropy(lo, y, reduction="none")
    pt = torch.exp(-ce)
    return (a * (1 - pt) ** g * ce).mean()


def smooth(lo, y, e=0.1):
    n = lo.size(-1)
    lp = F.log_softmax(lo, -1)
    return ((1 - e) * -lp.gather(1, y[:, None]).squeeze(1) + e / n * -lp.sum(-1)).mean()


print(focal(lo, y), smooth(lo, y), F.cross_entropy(lo, y, label_smoothing=0.1))
ps = torch.sigmoid(lo)
tv = F.one_hot(y, 3).float()
tp = (ps * tv).sum()
print((tp + 1) / (tp + 0.3 * (ps * (1 - tv)).sum() + 0.7 * ((1 - ps) * tv).sum() + 1))
q = torch.tensor([0.1, 0.5, 0.9])
e = torch.randn(5, 1) - torch.randn(5, 3)
print(torch.max((q - 1) * e, q * e).mean(0))
pred = torch.randn(4, 4)
iou = lambda a, b: (torch.min(a[2:], b[2:]) - torch.max(a[:2], b[:2])).clamp(min=0).prod()
print(iou(torch.tensor([0.0, 0, 2, 2]), torch.tensor([1.0, 1, 3, 3])))
