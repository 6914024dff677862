# Every optimizer on the same valley, LBFGS with closures.
# tolerance: 1e-2
# Sums that a BLAS may add up in another order.
import torch
from torch import optim


def rosen(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


for kw in ({}, {"line_search_fn": "strong_wolfe"}):
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    o = optim.LBFGS([x], lr=1 if kw else 0.01, max_iter=10, history_size=5, **kw)
    n = 0

    def closure():
        global n
        n += 1
        o.zero_grad()
        l = rosen(x)
        l.backward()
        return l

    for i in range(4):
        l = o.step(closure)
        print(i, f"{l.item():.5f}", n)
for name, kw in [
    ("SGD", dict(lr=0.001, momentum=0.9, nesterov=True)),
    ("Adam", dict(lr=0.1)),
    ("AdamW", dict(lr=0.1, weight_decay=0.1)),
    ("RMSprop", dict(lr=0.01, centered=True)),
    ("Adagrad", dict(lr=0.5)),
    ("Adadelta", dict(lr=1.0)),
    ("Adamax", dict(lr=0.1)),
    ("NAdam", dict(lr=0.1)),
    ("RAdam", dict(lr=0.1)),
    ("Rprop", dict(lr=0.01)),
    ("ASGD", dict(lr=0.001)),
    ("Adam", dict(lr=0.1, amsgrad=True, maximize=False)),
]:
    x = torch.tensor([-1.0, 1.5], requires_grad=True)
    o = getattr(optim, name)([x], **kw)
    for i in range(20):
        o.zero_grad()
        l = rosen(x)
        l.backward()
        o.step()
    print(name, f"{l.item():.4f}", x.data, sorted(o.state[x].keys()), o)
sd = o.state_dict()
print(sd["param_groups"][0]["params"], sd["state"][0]["step"], list(sd))
o2 = optim.Adam([x], lr=1)
o2.load_state_dict(sd)
print(o2.param_groups[0]["lr"], o2.state[x]["step"], o.defaults["lr"])
o.add_param_group({"params": [torch.ones(1, requires_grad=True)], "lr": 3})
print(len(o.param_groups), o.param_groups[1]["lr"])
