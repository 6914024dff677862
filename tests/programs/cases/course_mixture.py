# A Gaussian mixture by gradient descent, and k-means.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch

torch.manual_seed(0)
import torch.distributions as D

x = torch.cat([torch.randn(50, 1) - 2, torch.randn(50, 1) * 0.5 + 3])
logits = torch.zeros(2, requires_grad=True)
mu = torch.tensor([[-1.0], [1.0]], requires_grad=True)
log_sigma = torch.zeros(2, 1, requires_grad=True)
opt = torch.optim.Adam([logits, mu, log_sigma], lr=0.1)
for i in range(40):
    mix = D.Categorical(logits=logits)
    comp = D.Independent(D.Normal(mu, log_sigma.exp()), 1)
    gmm = D.MixtureSameFamily(mix, comp)
    loss = -gmm.log_prob(x).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 10 == 0:
        print(i, f"{loss:.4f}")
print(torch.softmax(logits, 0), mu.flatten(), log_sigma.exp().flatten())
print(gmm, comp)
lp = torch.logsumexp(torch.log_softmax(logits, 0) + D.Normal(mu.T, log_sigma.exp().T).log_prob(x), dim=1)
print(torch.allclose(lp, gmm.log_prob(x), atol=1e-5))
c = x[torch.randperm(100)[:2]]
for _ in range(5):
    a = torch.cdist(x, c).argmin(1)
    c = torch.stack([x[a == k].mean(0) for k in range(2)])
print(c, torch.bincount(a))
