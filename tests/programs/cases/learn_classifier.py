# A spiral, a small network, mini-batches, accuracy.
import math

import torch
import torch.nn.functional as F
from torch import nn


class Classifier(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1 = nn.Linear(2, hidden)
        self.fc2 = nn.Linear(hidden, 3)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


torch.manual_seed(0)
t = torch.linspace(0.1, 1, 30)
x = torch.cat(
    [
        torch.stack(
            [t * torch.cos(4 * t + k * 2 * math.pi / 3), t * torch.sin(4 * t + k * 2 * math.pi / 3)], 1
        )
        for k in range(3)
    ]
)
y = torch.arange(3).repeat_interleave(30)
model = Classifier(16)
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
for epoch in range(31):
    order = torch.randperm(len(x))
    total = 0.0
    for start in range(0, len(x), 30):
        batch = order[start : start + 30]
        loss = F.cross_entropy(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 10 == 0:
        with torch.no_grad():
            accuracy = (model(x).argmax(1) == y).float().mean().item()
        print(f"epoch {epoch}: loss {total / 3:.3f}, accuracy {accuracy:.3f}")
