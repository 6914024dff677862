# Gradient accumulation, clipping in every way, penalties, early stopping.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
data = [(torch.randn(4, 5), torch.randn(4, 1)) for _ in range(8)]
acc = 4
opt.zero_grad()
for i, (x, y) in enumerate(data):
    loss = nn.functional.mse_loss(net(x), y) / acc
    loss.backward()
    if (i + 1) % acc == 0:
        n = nn.utils.clip_grad_norm_(net.parameters(), max_norm=0.5, norm_type=2.0, error_if_nonfinite=True)
        opt.step()
        opt.zero_grad()
        print(i, f"{loss.item() * acc:.4f}", n)
(net(data[0][0]).sum() * 100).backward()
print(nn.utils.clip_grad_norm_(net.parameters(), 1.0, norm_type=float("inf")))
nn.utils.clip_grad_value_(net.parameters(), 0.01)
print(
    max(p.grad.abs().max() for p in net.parameters()),
    torch.stack([p.grad.norm() for p in net.parameters()]).norm(),
    nn.utils.get_total_norm([p.grad for p in net.parameters()]),
)
for p in net.parameters():
    p.grad.data.clamp_(-0.005, 0.005)
print(net[2].bias.grad, [f"{p.grad.data.norm(2).item():.5f}" for p in net.parameters()])
total = 0.0
for p in net.parameters():
    if p.grad is not None:
        total += p.grad.data.norm(2).item() ** 2
print(f"{total**0.5:.6f}")
h = [p.register_hook(lambda g: torch.clamp(g, -1e-3, 1e-3)) for p in net.parameters()]
opt.zero_grad(set_to_none=True)
net(data[0][0]).sum().backward()
print(net[0].weight.grad.abs().max())
l1 = sum(p.abs().sum() for p in net.parameters())
l2 = sum((p**2).sum() for p in net.parameters())
(l1 * 1e-3 + l2 * 1e-4).backward()
print(l1, l2)
with torch.autograd.set_detect_anomaly(True):
    try:
        torch.sqrt(torch.tensor(-1.0, requires_grad=True) * 1).backward()
    except RuntimeError as e:
        print(str(e)[:80])
best, patience, bad = float("inf"), 2, 0
for ep, v in enumerate([3.0, 2.0, 2.5, 2.1, 1.0]):
    v = torch.tensor(v)
    if v < best:
        best, bad = v, 0
    else:
        bad += 1
    if bad >= patience:
        print("early stop", ep, best)
        break
