# Mixtures of experts, beam search, nucleus sampling, byte pairs.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(0)


class MoE(nn.Module):
    def __init__(self, d, n, k):
        super().__init__()
        self.gate = nn.Linear(d, n, bias=False)
        self.ex = nn.ModuleList([nn.Linear(d, d) for _ in range(n)])
        self.k = k

    def forward(self, x):
        w, i = torch.topk(F.softmax(self.gate(x), dim=-1), self.k)
        w = w / w.sum(-1, keepdim=True)
        out = torch.zeros_like(x)
        for e, m in enumerate(self.ex):
            b, nth = torch.where(i == e)
            if b.numel():
                out[b] += w[b, nth, None] * m(x[b])
        return out, F.one_hot(i, len(self.ex)).float().mean((0, 1))


m = MoE(4, 3, 2)
x = torch.randn(5, 4)
o, load = m(x)
o.sum().backward()
print(
    o,
    load,
    m.gate.weight.grad.norm(),
    [None if p.weight.grad is None else f"{p.weight.grad.norm():.4f}" for p in m.ex],
)
lp = torch.log_softmax(torch.randn(4, 6), -1)
beams = [([], 0.0)]
for t in range(4):
    beams = sorted([(s + [j], sc + lp[t, j].item()) for s, sc in beams for j in range(6)], key=lambda b: -b[1])[:3]
print([(s, round(v, 4)) for s, v in beams])
lo = torch.tensor([2.0, 1.0, 0.5, -1.0])
p = F.softmax(lo, 0)
sp, si = p.sort(descending=True)
cut = sp.cumsum(0) - sp > 0.8
sp = sp.masked_fill(cut, 0.0)
sp /= sp.sum()
print(sp, si[torch.multinomial(sp, 1)])
cache = torch.zeros(1, 0, 4)
for t in range(3):
    cache = torch.cat([cache, x[t].view(1, 1, 4)], 1)
print(cache.shape, torch.tril(torch.ones(3, 3)).masked_fill(torch.eye(3).bool(), 0))
text = "low lower lowest"
from collections import Counter

words = Counter(tuple(w) + ("</w>",) for w in text.split())
for _ in range(3):
    pairs = Counter()
    for w, c in words.items():
        for a, b in zip(w, w[1:]):
            pairs[a, b] += c
    best = max(pairs, key=lambda q: (pairs[q], q))
    new = Counter()
    for w, c in words.items():
        s = " ".join(w).replace(" ".join(best), "".join(best))
        new[tuple(s.split())] += c
    words = new
print(best, dict(words))
emb = nn.Embedding(10, 4)
lin = nn.Linear(4, 10, bias=False)
lin.weight = emb.weight
print(lin.weight is emb.weight, len(list(nn.ModuleList([emb, lin]).parameters())))
