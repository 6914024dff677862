# Written by an edit of the blocks: ungroup.
import torch
from torch import nn


torch.manual_seed(0)
x = torch.linspace(-1, 1, 16).unsqueeze(1)
y = x ** 3
linear = nn.Linear(1, 8)
out = nn.Linear(8, 1)
optimizer = torch.optim.SGD([*linear.parameters(), *out.parameters()], lr=0.1)
for step in range(5):
    optimizer.zero_grad()
    # bends
    h = torch.tanh(linear(x))
    loss = ((out(h) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
print(loss)
print(linear.weight[0])
