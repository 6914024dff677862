# How a reduction spreads its gradient, ties and zeros included.
import torch

x = torch.tensor([[1.0, 3.0, 3.0], [0.0, 2.0, 4.0]], requires_grad=True)
weights = torch.tensor([1.0, 10.0, 100.0])
for label, y in {
    "sum": x.sum(),
    "sum dim": (x.sum(0) * weights).sum(),
    "mean": x.mean(),
    "mean keepdim": (x.mean(1, keepdim=True) * x).sum(),
    "prod": x.prod(),
    "prod dim": x.prod(1).sum(),
    "max": x.max(),
    "max dim": x.max(1).values.sum(),
    "amax with ties": x.amax(1).sum(),
    "min": x.min(),
    "var": x.var(),
    "std": x.std(0).sum(),
    "norm": x.norm(),
    "norm 1": x.norm(1),
    "logsumexp": x.logsumexp(0).sum(),
    "cumsum": (x.cumsum(1) * weights).sum(),
    "median": x.median(),
    "sort": (x.sort(descending=True).values * weights).sum(),
    "square sum": x.square().sum(),
}.items():
    (gradient,) = torch.autograd.grad(y, x)
    print(label, y, gradient)
zero = torch.zeros(2, requires_grad=True)
zero.norm().backward()
print(zero.grad)
