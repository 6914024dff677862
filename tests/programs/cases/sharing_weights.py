# One parameter used in several places, and parameters that nobody uses.
import torch
from torch import nn

torch.manual_seed(0)
shared = nn.Linear(2, 2, bias=False)
net = nn.Sequential(shared, nn.ReLU(), shared)
print(len(list(net.parameters())), net[0] is net[2])
x = torch.tensor([[1.0, 2.0]])
net(x).sum().backward()
print(shared.weight.grad)
tied_a, tied_b = nn.Linear(2, 2), nn.Linear(2, 2)
tied_b.weight = tied_a.weight
tied_b(tied_a(x)).sum().backward()
print(tied_a.weight.grad is tied_b.weight.grad, tied_a.weight.grad)


class Partial(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, x):
        return self.used(x)


partial = Partial()
optimizer = torch.optim.SGD(partial.parameters(), lr=0.1)
before = partial.unused.weight.clone()
partial(x).sum().backward()
optimizer.step()
print(
    [(name, p.grad is None) for name, p in partial.named_parameters()],
    torch.equal(before, partial.unused.weight),
)
