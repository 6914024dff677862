# Newton-like steps with a line search, and a checkpoint written and read again.
import io

import torch
from torch import nn

torch.manual_seed(3)
x = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.LBFGS([x], line_search_fn="strong_wolfe", max_iter=10)


def closure():
    optimizer.zero_grad()
    loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    loss.backward()
    return loss


for _ in range(4):
    print(f"{optimizer.step(closure).item():.6f}", [round(v, 5) for v in x.tolist()])

net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
file = io.BytesIO()
torch.save({"net": net.state_dict(), "epoch": 4, "rate": 0.1, "names": ("a", None)}, file)
file.seek(0)
checkpoint = torch.load(file)
print(checkpoint["epoch"], checkpoint["rate"], checkpoint["names"], list(checkpoint["net"]))
other = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
print(other.load_state_dict(checkpoint["net"]))
print(all(torch.equal(a, b) for a, b in zip(net.parameters(), other.parameters())))
