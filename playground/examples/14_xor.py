"""XOR, which no straight line can solve. One hidden layer bends the plane until a line is enough.

Section: Templates.
Panel: training.
"""

# %% Four corners: opposite ones belong together
import data
import torch
from torch import nn

torch.manual_seed(1)
X, y = data.xor(n=200, noise=0.12, seed=0)

# %% A straight line alone gets half of it
line = nn.Linear(2, 1)
print(f"a line, before it learns: {((line(X).squeeze(1) > 0) == y).float().mean().item():.0%} right")

# %% Two layers
model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)

for step in range(200):
    logits = model(X).squeeze(1)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, y.float())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    accuracy = ((logits > 0) == y).float().mean().item()

print(f"two layers: loss {loss.item():.4f}, {accuracy:.0%} right")

# %% The truth table
corners, truth = data.xor(4, noise=0)
with torch.no_grad():
    chance = torch.sigmoid(model(corners).squeeze(1))
for (a, b), p, t in zip(corners.int().tolist(), chance, truth):
    print(f"{a} xor {b} = {t}   model: {p:.2f}")
