# Written by an edit of the blocks: train.
import data
import torch
from torch import nn
torch.manual_seed(0)
X, y = data.moons(40)
hidden = 4
linear = nn.Linear(2, hidden)
out = nn.Linear(hidden, 1)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam([*linear.parameters(), *out.parameters()], lr=0.01)

for step in range(20):
    optimizer.zero_grad()
    h = torch.relu(linear(X))
    # the score
    score = out(h).squeeze(1)
    loss = criterion(score, y.float())
    loss.backward()
    optimizer.step()

print(loss)
