# Optimizers, samplers and hooks as plain Python classes.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn.functional as F, random
from torch import nn, tensor, optim
from functools import partial, reduce
from pathlib import Path
from types import SimpleNamespace

torch.manual_seed(42)
random.seed(42)
torch.set_printoptions(precision=2, linewidth=140, sci_mode=False)


def f(x):
    return 3 * x**2 + 2 * x + 1


def noise(x, scale):
    return torch.normal(0.0, scale, x.shape)


def add_noise(x, mult, add):
    return x * (1 + noise(x, mult)) + noise(x, add)


x = torch.linspace(-2, 2, steps=20)[:, None]
y = add_noise(f(x), 0.15, 1.5)
print(x[:5], y[:5])


def quad(a, b, c, x):
    return a * x**2 + b * x + c


def mk_quad(a, b, c):
    return partial(quad, a, b, c)


def mae(preds, acts):
    return (torch.abs(preds - acts)).mean()


abc = torch.tensor([1.1, 1.1, 1.1])
abc.requires_grad_()
print(abc)
for i in range(5):
    loss = mae(mk_quad(*abc)(x), y)
    loss.backward()
    with torch.no_grad():
        abc -= abc.grad * 0.01
        abc.grad.fill_(0)
    print(f"step={i}; loss={loss:.2f}", abc)


class Optimizer:
    def __init__(self, params, lr=0.5):
        self.params, self.lr = list(params), lr

    def step(self):
        with torch.no_grad():
            for p in self.params:
                p -= p.grad * self.lr

    def zero_grad(self):
        for p in self.params:
            p.grad.data.zero_()


class Model(nn.Module):
    def __init__(self, ni, nh, no):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(ni, nh), nn.ReLU(), nn.Linear(nh, no)])

    def __call__(self, x):
        return reduce(lambda val, layer: layer(val), self.layers, x)


m = Model(4, 8, 3)
print(m)
opt = Optimizer(m.parameters(), 0.2)
X = torch.randn(40, 4)
Y = X[:, :3].argmax(1)


class DS:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Sampler:
    def __init__(self, n, bs, shuffle):
        self.n, self.bs, self.shuffle = n, bs, shuffle

    def __iter__(self):
        idx = list(range(self.n))
        if self.shuffle:
            random.shuffle(idx)
        for i in range(0, self.n, self.bs):
            yield idx[i : i + self.bs]


def collate(b):
    xs, ys = zip(*b)
    return torch.stack(xs), torch.stack(ys)


ds = DS(X, Y)
dl = [collate([ds[i] for i in b]) for b in Sampler(40, 8, True)]


def report(loss, preds, yb):
    print(f"{loss:.2f}, {(preds.argmax(dim=1) == yb).float().mean():.2f}")


for ep in range(3):
    for xb, yb in dl:
        preds = m(xb)
        loss = F.cross_entropy(preds, yb)
        loss.backward()
        opt.step()
        opt.zero_grad()
    report(loss, preds, yb)


class Hook:
    def __init__(self, m, f):
        self.hook = m.register_forward_hook(partial(f, self))

    def remove(self):
        self.hook.remove()

    def __del__(self):
        self.remove()


def append_stats(hook, mod, inp, outp):
    if not hasattr(hook, "stats"):
        hook.stats = ([], [])
    hook.stats[0].append(outp.mean().item())
    hook.stats[1].append(outp.std().item())


hooks = [Hook(l, append_stats) for l in m.layers]
m(X)
print([[round(s, 3) for s in h.stats[1]] for h in hooks])
[h.remove() for h in hooks]
ems = [tensor([1.0, 2]), tensor([[3.0, 4]])]
print(ems[0] @ ems[1].T, tensor(1.5), tensor([1, 2]).float().mean(), ems[0].new_zeros(2))
torch.set_printoptions(profile="default")


def init_weights(m, leaky=0.0):
    if isinstance(m, (nn.Conv1d, nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(m.weight, a=leaky)


m2 = nn.Sequential(
    nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2)
)
m2.apply(partial(init_weights, leaky=0.1))
print(m2(torch.randn(2, 1, 8, 8)))
gl = SimpleNamespace(lr=0.1)
sched = optim.lr_scheduler.OneCycleLR(o := optim.SGD(m2.parameters(), lr=gl.lr), max_lr=0.5, total_steps=6)
lrs = []
for _ in range(6):
    o.step()
    lrs.append(round(o.param_groups[0]["lr"], 4))
    sched.step()
print(lrs, [round(g["momentum"], 3) for g in o.param_groups])
