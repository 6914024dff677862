# Checkpoints, reentrant and not, over sequences and with keyword arguments.
import torch, torch.nn as nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

torch.manual_seed(0)
m = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.5)) for _ in range(4)])
x = torch.randn(2, 4, requires_grad=True)
calls = []


def run(a):
    calls.append(1)
    return m[0](a)


torch.manual_seed(1)
o1 = checkpoint(run, x, use_reentrant=False)
o1.sum().backward()
g1 = x.grad.clone()
x.grad = None
torch.manual_seed(1)
m[0](x).sum().backward()
print(torch.equal(g1, x.grad), len(calls))
print(o1.grad_fn)
o = checkpoint_sequential(m, 2, x, use_reentrant=False)
print(o.shape)
o.sum().backward()
print(m[3][0].weight.grad.shape)
o = checkpoint(run, x, use_reentrant=True)
print(o.grad_fn)
o.sum().backward()
print(len(calls))


def multi(a, b, flag=True):
    return a * b, (a + b if flag else a)


a, b = checkpoint(multi, x, x * 2, flag=True, use_reentrant=False)
(a + b).sum().backward()
print(x.grad)
