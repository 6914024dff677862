# Sums, means and extremes over everything or along dimensions.
import torch

x = torch.tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
print(x.sum(), x.sum(0), x.sum(dim=1), x.sum(1, keepdim=True), x.sum((0, 1)), sep="\n")
print(x.mean(), x.mean(0), x.mean(-1, keepdim=True), sep="\n")
print(x.prod(), x.prod(1), x.max(), x.min(), x.argmax(), x.argmin(1), sep="\n")
print(x.max(0), x.min(dim=1), sep="\n")
values, indices = x.max(dim=1, keepdim=True)
print(values, indices)
print(x.var(), x.std(), x.var(0), x.std(1, unbiased=False), x.var(correction=0), sep="\n")
print(x.norm(), x.norm(1), x.norm(dim=0), x.norm(p=3), sep="\n")
print(x.median(), x.cumsum(0), x.cumprod(1), x.logsumexp(1), sep="\n")
print((x > 2).all(), (x > 2).any(), (x > 5).any(0), (x > 0).all(1), (x > 2).sum(), sep="\n")
print(x.amax(1), x.amin(0), x.count_nonzero(), torch.sum(x), torch.mean(x, 0), sep="\n")
print(torch.max(x), torch.max(x, 1).indices, torch.sort(x, descending=True), torch.topk(x, 2), sep="\n")
try:
    torch.tensor([1, 2]).mean()
except RuntimeError as error:
    print(error)
try:
    x.sum(2)
except IndexError as error:
    print(error)
