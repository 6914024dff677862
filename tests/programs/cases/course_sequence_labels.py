# A conditional random field, the Viterbi path, a hidden Markov model.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch

torch.manual_seed(0)
K, N = 3, 5
em = torch.randn(N, K, requires_grad=True)
tr = torch.randn(K, K, requires_grad=True)
tags = torch.tensor([0, 2, 1, 1, 0])


def forward_alg(em, tr):
    a = em[0]
    for t in range(1, N):
        a = torch.logsumexp(a.unsqueeze(1) + tr + em[t].unsqueeze(0), dim=0)
    return torch.logsumexp(a, 0)


def score(em, tr, y):
    return em[torch.arange(N), y].sum() + tr[y[:-1], y[1:]].sum()


nll = forward_alg(em, tr) - score(em, tr, tags)
nll.backward()
print(nll, em.grad, tr.grad, em.grad.sum(1))
v, bp = em[0].detach(), []
for t in range(1, N):
    m, i = (v.unsqueeze(1) + tr.detach()).max(0)
    v = m + em[t].detach()
    bp.append(i)
path = [v.argmax().item()]
for i in reversed(bp):
    path.insert(0, i[path[0]].item())
print(path, v.max(), bp[0])
import itertools

print(
    max(itertools.product(range(K), repeat=N), key=lambda y: score(em.detach(), tr.detach(), torch.tensor(y)).item())
)
pi = torch.tensor([0.6, 0.4])
A = torch.tensor([[0.7, 0.3], [0.4, 0.6]])
B = torch.tensor([[0.5, 0.4, 0.1], [0.1, 0.3, 0.6]])
o = [0, 1, 2]
al = pi * B[:, o[0]]
for t in o[1:]:
    al = (al @ A) * B[:, t]
print(al, al.sum())
