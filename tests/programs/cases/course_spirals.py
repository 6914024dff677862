# Two spirals: a class for the network, accuracy, confusion matrix, a report of the parameters.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch
from torch import nn
import torch.nn.functional as F
import time, os, sys, math, random, copy, itertools, functools, collections

seed = 42
random.seed(seed)
torch.manual_seed(seed)
torch.cuda.manual_seed_all(seed)
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False
os.environ["PYTHONHASHSEED"] = str(seed)
device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
print(f"Using {device} device", torch.cuda.device_count())


class Net(nn.Module):
    def __init__(self, sizes, act=nn.ReLU, p=0.0):
        super().__init__()
        layers = []
        for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
            layers += [nn.Linear(a, b)] + ([act(), nn.Dropout(p)] if i < len(sizes) - 2 else [])
        self.net = nn.Sequential(*layers)
        self.apply(self._init)

    @staticmethod
    def _init(m):
        if isinstance(m, nn.Linear):
            nn.init.kaiming_uniform_(m.weight, nonlinearity="relu")
            m.bias.data.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)

    @property
    def device(self):
        return next(self.parameters()).device

    def count(self):
        return sum(p.numel() for p in self.parameters() if p.requires_grad)


model = Net([2, 16, 16, 2]).to(device)
print(model, model.device, model.count(), f"{model.count():,}")
n = 60
t = torch.linspace(0, 4 * math.pi, n)
X = torch.stack(
    [torch.cat([t.cos() * t, -t.cos() * t]), torch.cat([t.sin() * t, -t.sin() * t])], 1
) / 10 + 0.05 * torch.randn(2 * n, 2)
y = torch.cat([torch.zeros(n), torch.ones(n)]).long()
perm = torch.randperm(2 * n)
X, y = X[perm], y[perm]
Xtr, Xte, ytr, yte = X[:90], X[90:], y[:90], y[90:]
opt = torch.optim.AdamW(model.parameters(), lr=1e-2)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 20)
crit = nn.CrossEntropyLoss()
hist = collections.defaultdict(list)
start = time.time()


def accuracy(logits, y):
    return (logits.argmax(-1) == y).float().mean().item()


for epoch in range(1, 21):
    model.train()
    logits = model(Xtr)
    loss = crit(logits, ytr)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    sched.step()
    model.eval()
    with torch.no_grad():
        vl = crit(model(Xte), yte)
    hist["train"].append(loss.item())
    hist["val"].append(vl.item())
    if epoch % 5 == 0:
        print(
            f"Epoch {epoch:>3}/20 | train {loss:.4f} | val {vl:.4f} | acc {accuracy(logits, ytr):.3f} | lr {sched.get_last_lr()[0]:.2e}"
        )
print(f"{len(hist['train'])} {min(hist['val']):.4f}", time.time() - start < 60)
preds = model(Xte).argmax(1)
cm = torch.zeros(2, 2, dtype=torch.int64)
for a, b in zip(yte, preds):
    cm[a, b] += 1
print(cm, cm.diag().sum().item() / cm.sum().item(), cm.diag() / cm.sum(1))
tp = ((preds == 1) & (yte == 1)).sum()
fp = ((preds == 1) & (yte == 0)).sum()
print(tp, fp, tp / (tp + fp), (preds != yte).sum().item(), torch.unique(preds, return_counts=True))
for name, module in model.named_modules():
    print(f"{name or 'root':8s} {type(module).__name__}")
for name, p in model.named_parameters():
    print(f"{name:15s} {str(list(p.shape)):12s} {p.numel():5d} mean={p.data.mean():+.4f} grad={p.grad.norm():.4f}")
print(
    functools.reduce(lambda a, b: a * b, model.net[0].weight.shape),
    [m for m in model.modules() if isinstance(m, nn.Linear)][-1].out_features,
    model.net[0].in_features,
    model.net[-1].bias.shape,
    model.training,
    model.net[:2],
    len(model.net),
)
