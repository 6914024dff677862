# Hooks on modules, tensors, nodes and parameters: what they see and may change.
import torch, torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
activation = {}


def get_activation(name):
    def hook(model, input, output):
        activation[name] = output.detach()

    return hook


h = net[1].register_forward_hook(get_activation("relu"))
x = torch.randn(2, 3, requires_grad=True)
out = net(x)
print(activation["relu"], h.id >= 0)
h.remove()


def pre(m, inp):
    print("pre", m, inp[0].shape)
    return (inp[0] * 2,)


def post(m, inp, out):
    print("post", out.shape)
    return out + 1


def bwd(m, gi, go):
    print("bwd", m.__class__.__name__, [None if g is None else g.shape for g in gi], go[0])


def bpre(m, go):
    print("bpre", go[0].shape)


hs = [
    net[0].register_forward_pre_hook(pre),
    net[2].register_forward_hook(post),
    net[0].register_full_backward_hook(bwd),
    net[2].register_full_backward_hook(bwd),
    net[2].register_full_backward_pre_hook(bpre),
]
o = net(x)
o.sum().backward()
print(x.grad, o)
for q in hs:
    q.remove()
v = torch.tensor([0.0, 0.0, 0.0], requires_grad=True)
h = v.register_hook(lambda g: g * 2)
v.backward(torch.tensor([1.0, 2.0, 3.0]))
print(v.grad)
h.remove()
print(h)
a = torch.ones(2, requires_grad=True)
b = a * 3
b.register_hook(lambda g: print("grad b", g))
b.retain_grad()
c = b.sum()
c.register_hook(lambda g: g * 10)
c.backward()
print(a.grad, b.grad)
n = b.grad_fn
p = nn.Parameter(torch.ones(2))
p.register_post_accumulate_grad_hook(lambda q: print("post acc", q.grad))
(p * 2).sum().backward()
opt = {q: torch.optim.SGD([q], lr=0.1) for q in net.parameters()}


def step(q):
    opt[q].step()
    opt[q].zero_grad()


for q in net.parameters():
    q.register_post_accumulate_grad_hook(step)
before = net[0].weight.detach().clone()
net(x).sum().backward()
print((net[0].weight - before).abs().sum() > 0, net[0].weight.grad if False else "")
z = a.exp()
z.grad_fn.register_hook(lambda gi, go: print("node", gi, go))
z.grad_fn.register_prehook(lambda go: print("prehook", go))
z.sum().backward()


def gh(mod, inp, out):
    print("global", type(mod).__name__)


g = nn.modules.module.register_module_forward_hook(gh)
net(x)
g.remove()
from torch.utils.hooks import RemovableHandle

print(isinstance(h, RemovableHandle))


class Hooked(nn.Module):
    def __init__(s):
        super().__init__()
        s.l = nn.Linear(2, 2)
        s.l.register_forward_hook(s.hook, with_kwargs=True)
        s.feats = []

    def hook(s, m, a, k, o):
        s.feats.append(o.mean().item())

    def forward(s, x):
        return s.l(x)


m = Hooked()
m(torch.ones(1, 2))
print(len(m.feats))
gn = []
for nme, q in m.named_parameters():
    q.register_hook(lambda g, nme=nme: gn.append((nme, round(g.norm().item(), 4))))
m(torch.ones(1, 2)).sum().backward()
print(sorted(gn))
