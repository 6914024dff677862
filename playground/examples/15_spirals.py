"""Two spirals, wound around each other. A network with two hidden layers learns a border that follows them.

Section: Templates.
Panel: training.
"""

# %% Two arms
import data
import torch
from torch import nn

torch.manual_seed(0)
X, y = data.spirals(n=400, classes=2, turns=1.25, noise=0.03, seed=0)
X, y, X_test, y_test = data.split(X, y, test=0.25)

# %% A multilayer perceptron
model = nn.Sequential(
    nn.Linear(2, 32),
    nn.Tanh(),
    nn.Linear(32, 32),
    nn.Tanh(),
    nn.Linear(32, 2),
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

for step in range(400):
    logits = model(X)
    loss = nn.functional.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    accuracy = (logits.argmax(1) == y).float().mean().item()

# %% Points it has not seen
with torch.no_grad():
    right = (model(X_test).argmax(1) == y_test).float().mean().item()
print(f"loss {loss.item():.4f}")
print(f"right on {accuracy:.1%} of the training points and {right:.1%} of the others")
