# SGD on a bowl: plain, momentum, Nesterov, weight decay.
import torch


def descend(**options):
    w = torch.tensor([5.0, -3.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], **options)
    path = []
    for _ in range(6):
        optimizer.zero_grad()
        loss = (w * w * torch.tensor([1.0, 0.1])).sum()
        loss.backward()
        optimizer.step()
        path.append([round(v, 4) for v in w.tolist()])
    return path


for options in (
    {"lr": 0.1},
    {"lr": 0.1, "momentum": 0.9},
    {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    {"lr": 0.1, "momentum": 0.9, "dampening": 0.5},
    {"lr": 0.1, "weight_decay": 0.5},
    {"lr": 0.1, "maximize": True},
):
    print(options, *descend(**options), sep="\n  ")
for options in ({"lr": -1.0}, {"lr": 0.1, "momentum": -1}, {"lr": 0.1, "nesterov": True}):
    try:
        torch.optim.SGD([torch.ones(1, requires_grad=True)], **options)
    except ValueError as error:
        print(error)
