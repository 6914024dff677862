# Generalized advantages, clipped policy updates, value iteration, bandits.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn
from torch.distributions import Normal, Categorical

torch.manual_seed(0)
r = torch.tensor([1.0, 0.0, 1.0, 1.0])
v = torch.tensor([0.5, 0.4, 0.6, 0.2, 0.1])
d = torch.tensor([0.0, 0.0, 1.0, 0.0])
g, lam = 0.99, 0.95
adv = torch.zeros(4)
last = 0.0
for t in reversed(range(4)):
    delta = r[t] + g * v[t + 1] * (1 - d[t]) - v[t]
    last = delta + g * lam * (1 - d[t]) * last
    adv[t] = last
print(adv, adv + v[:-1])
pi = nn.Linear(3, 2)
s = torch.randn(4, 3)
dist = Categorical(logits=pi(s))
a = dist.sample()
old = dist.log_prob(a).detach()
opt = torch.optim.Adam(pi.parameters(), lr=0.05)
A = (adv - adv.mean()) / (adv.std() + 1e-8)
for k in range(4):
    dist = Categorical(logits=pi(s))
    ratio = (dist.log_prob(a) - old).exp()
    l = -torch.min(ratio * A, torch.clamp(ratio, 0.8, 1.2) * A).mean() - 0.01 * dist.entropy().mean()
    opt.zero_grad()
    l.backward()
    nn.utils.clip_grad_norm_(pi.parameters(), 0.5)
    opt.step()
    print(
        k, f"{l.item():.5f} {((ratio - 1) - ratio.log()).mean().item():.6f}", ((ratio - 1).abs() > 0.2).float().mean()
    )
mu, ls = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
q = Normal(mu, ls.exp())
x = q.rsample()
act = torch.tanh(x)
lp = (q.log_prob(x) - torch.log(1 - act.pow(2) + 1e-6)).sum()
lp.backward()
print(act, lp, mu.grad, ls.grad)
V = torch.zeros(4)
P = torch.tensor([[0.0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]])
R = torch.tensor([0.0, 0, 1, 0])
for i in range(100):
    n = R + 0.9 * P @ V
    if torch.max(torch.abs(n - V)) < 1e-6:
        break
    V = n
print(i, V)
Q = torch.zeros(2, 2)
Q[0, 1] += 0.5 * (1 + 0.9 * Q[1].max() - Q[0, 1])
print(Q, torch.where(torch.rand(3) < 0.5, 0, 1))
arms = torch.tensor([0.2, 0.5, 0.8])
cnt, val = torch.zeros(3), torch.zeros(3)
for t in range(1, 40):
    u = val + torch.sqrt(2 * torch.log(torch.tensor(float(t))) / (cnt + 1e-5))
    k = u.argmax()
    rw = torch.bernoulli(arms[k])
    cnt[k] += 1
    val[k] += (rw - val[k]) / cnt[k]
print(cnt, val)
