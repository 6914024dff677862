# Every gradient of a network by hand, compared with autograd.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch
import torch.nn.functional as F

g = torch.Generator().manual_seed(1)


def cmp(s, dt, t):
    ex = torch.all(dt == t.grad).item()
    app = torch.allclose(dt, t.grad, atol=1e-6)
    print(f"{s:15s} | approximate: {str(app):5s} | {(dt - t.grad).abs().max().item() < 1e-6}")


n, vocab, nh = 8, 7, 6
emb = torch.randn(n, 5, generator=g, requires_grad=True)
Yb = torch.randint(0, vocab, (n,), generator=g)
W1 = torch.randn(5, nh, generator=g).requires_grad_()
b1 = torch.randn(nh, generator=g).requires_grad_()
bngain = torch.randn((1, nh), generator=g).requires_grad_()
bnbias = torch.randn((1, nh), generator=g).requires_grad_()
W2 = torch.randn(nh, vocab, generator=g).requires_grad_()
b2 = torch.randn(vocab, generator=g).requires_grad_()
hprebn = emb @ W1 + b1
bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
bndiff = hprebn - bnmeani
bndiff2 = bndiff**2
bnvar = 1 / (n - 1) * (bndiff2).sum(0, keepdim=True)
bnvar_inv = (bnvar + 1e-5) ** -0.5
bnraw = bndiff * bnvar_inv
hpreact = bngain * bnraw + bnbias
h = torch.tanh(hpreact)
logits = h @ W2 + b2
logit_maxes = logits.max(1, keepdim=True).values
norm_logits = logits - logit_maxes
counts = norm_logits.exp()
counts_sum = counts.sum(1, keepdims=True)
counts_sum_inv = counts_sum**-1
probs = counts * counts_sum_inv
logprobs = probs.log()
loss = -logprobs[range(n), Yb].mean()
for t in [
    logprobs,
    probs,
    counts,
    counts_sum,
    counts_sum_inv,
    norm_logits,
    logit_maxes,
    logits,
    h,
    hpreact,
    bnraw,
    bnvar_inv,
    bnvar,
    bndiff2,
    bndiff,
    hprebn,
    bnmeani,
    emb,
]:
    t.retain_grad()
loss.backward()
print(loss)
dlogprobs = torch.zeros_like(logprobs)
dlogprobs[range(n), Yb] = -1.0 / n
dprobs = (1.0 / probs) * dlogprobs
dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
dcounts = counts_sum_inv * dprobs
dcounts_sum = (-(counts_sum**-2)) * dcounts_sum_inv
dcounts += torch.ones_like(counts) * dcounts_sum
dnorm_logits = counts * dcounts
dlogits = dnorm_logits.clone()
dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)
dlogits += F.one_hot(logits.max(1).indices, num_classes=logits.shape[1]) * dlogit_maxes
dh = dlogits @ W2.T
dW2 = h.T @ dlogits
db2 = dlogits.sum(0)
dhpreact = (1.0 - h**2) * dh
dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
for nm, d, t in [
    ("logprobs", dlogprobs, logprobs),
    ("probs", dprobs, probs),
    ("counts_sum_inv", dcounts_sum_inv, counts_sum_inv),
    ("counts_sum", dcounts_sum, counts_sum),
    ("counts", dcounts, counts),
    ("norm_logits", dnorm_logits, norm_logits),
    ("logits", dlogits, logits),
    ("h", dh, h),
    ("W2", dW2, W2),
    ("b2", db2, b2),
    ("hpreact", dhpreact, hpreact),
    ("bngain", dbngain, bngain),
]:
    cmp(nm, d, t)
for t in [hprebn, bnmeani, bndiff, bnvar, bnvar_inv, emb]:
    print(t.grad_fn, t.grad.shape)
print(W2.grad[:2], bngain.grad)
print(logits.max(1), logprobs.grad_fn, loss.grad_fn.next_functions)
