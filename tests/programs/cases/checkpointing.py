# Trading time for memory: what is not kept is computed again in backward.
import torch
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

calls = []


def block(x, w):
    calls.append("block")
    h = torch.tanh(x @ w)
    return torch.nn.functional.dropout(h, 0.5) * h


def run(wrap):
    calls.clear()
    torch.manual_seed(3)
    x = torch.linspace(-1, 1, 6).view(2, 3).requires_grad_()
    w = (torch.arange(9.0).view(3, 3) / 10).requires_grad_()
    y = wrap(x, w)
    print(y.grad_fn.name(), torch.rand(1))
    y.sum().backward()
    print(calls, torch.rand(1))
    return x.grad, w.grad


plain = run(block)
for reentrant in (False, True):
    x, w = run(lambda x, w: checkpoint(block, x, w, use_reentrant=reentrant))
    print(torch.equal(x, plain[0]), torch.equal(w, plain[1]))

x = torch.tensor([0.5, 1.0], requires_grad=True)
y = checkpoint(lambda t: (t**3).sin(), x, use_reentrant=False)
(first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
(second,) = torch.autograd.grad(first.sum(), x)
print(first, second)

net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1), torch.nn.Tanh())
with torch.no_grad():
    for p in net.parameters():
        p.fill_(0.5)
checkpoint_sequential(net, 2, x, use_reentrant=False).sum().backward()
print(x.grad, net[0].weight.grad)

switch = [True]


def changing(x):
    return x.sin().cos() if switch[0] else x.exp()


y = checkpoint(changing, x, use_reentrant=False, early_stop=False)
switch[0] = False
try:
    y.sum().backward()
except RuntimeError as error:
    print(type(error).__name__, str(error).splitlines()[0])
try:
    checkpoint(changing, x, use_reentrant=True, k=1)
except ValueError as error:
    print(error)
