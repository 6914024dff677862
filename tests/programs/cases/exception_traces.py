# An error inside a model keeps the gradients and modes as they were.
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(5, 2))
x = torch.ones(2, 3)
try:
    net(x)
except RuntimeError as error:
    print(error)
try:
    with torch.no_grad():
        net(x)
except RuntimeError:
    print(torch.is_grad_enabled(), net[0].weight.grad)
attempts = [
    lambda: torch.ones(2, 3) + torch.ones(2, 4),
    lambda: torch.ones(2, 3).sum(dim=5),
    lambda: torch.ones(2, 3).transpose(0, 3),
    lambda: torch.ones(2, 3).squeeze(4),
    lambda: torch.ones(2).view(3),
    lambda: torch.ones(2, 3).permute(0),
    lambda: torch.ones(3).mm(torch.ones(3)),
    lambda: torch.dot(torch.ones(2), torch.ones(3)),
    lambda: torch.ones(2) + "a",
    lambda: torch.ones(2).no_such_method(),
    lambda: torch.sin("x"),
    lambda: torch.zeros(2).to("nowhere"),
    lambda: torch.ones(2, 2)[0, 0, 0],
    lambda: torch.cat([]),
]
for attempt in attempts:
    try:
        attempt()
    except Exception as error:
        print(f"{type(error).__name__}: {str(error).splitlines()[0]}")
