# Learning to learn, by create_graph and by function transforms.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, torch.nn.functional as F
from torch.func import functional_call, grad, vmap
from collections import OrderedDict

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 1))
meta = torch.optim.Adam(net.parameters(), lr=1e-2)


def task():
    a, p = torch.rand(1) * 4 + 0.1, torch.rand(1) * 3.14
    x = torch.rand(10, 1) * 10 - 5
    return x, a * torch.sin(x - p)


def manual(params, x):
    x = F.linear(x, params[0], params[1])
    return F.linear(F.relu(x), params[2], params[3])


for it in range(4):
    meta_loss = 0
    for _ in range(3):
        x, y = task()
        fast = list(net.parameters())
        for _ in range(2):
            l = F.mse_loss(manual(fast, x), y)
            gs = torch.autograd.grad(l, fast, create_graph=True)
            fast = [p - 0.01 * g for p, g in zip(fast, gs)]
        meta_loss = meta_loss + F.mse_loss(manual(fast, x), y)
    meta.zero_grad()
    meta_loss.backward()
    meta.step()
    print(it, f"{meta_loss.item():.4f}", fast[0].grad_fn)
params = {k: v.detach() for k, v in net.named_parameters()}


def inner(p, x, y):
    return F.mse_loss(functional_call(net, p, (x,)), y)


def maml_loss(p, x, y):
    g = grad(inner)(p, x, y)
    q = {k: p[k] - 0.1 * g[k] for k in p}
    return inner(q, x, y)


xs, ys = zip(*[task() for _ in range(3)])
xs, ys = torch.stack(xs), torch.stack(ys)
print(vmap(maml_loss, in_dims=(None, 0, 0))(params, xs, ys))
g = grad(lambda p: vmap(maml_loss, in_dims=(None, 0, 0))(p, xs, ys).mean())(params)
print({k: v.shape for k, v in g.items()}, g["2.bias"])
