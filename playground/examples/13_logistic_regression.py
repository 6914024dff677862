"""Two clouds and a straight border. Logistic regression: one linear layer, and a loss that measures surprise.

Section: Templates.
Panel: training.
"""

# %% Two clouds of points, each with its label
import data
import torch
from torch import nn

torch.manual_seed(0)
X, y = data.blobs(n=200, classes=2, spread=0.9, seed=3)
X, y, X_test, y_test = data.split(X, y, test=0.25)

# %% The model gives one number a point: the log-odds of class 1
model = nn.Linear(2, 1)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)

for epoch in range(100):
    logits = model(X).squeeze(1)
    loss = loss_fn(logits, y.float())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    accuracy = ((logits > 0) == y).float().mean().item()

# %% How sure it is of points it has not seen
with torch.no_grad():
    chance = torch.sigmoid(model(X_test).squeeze(1))
right = ((chance > 0.5) == y_test).float().mean().item()
print(f"loss {loss.item():.3f}, right on {accuracy:.0%} of the training points and {right:.0%} of the others")
for point, p, label in zip(X_test[:5], chance, y_test):
    print(f"({point[0]:+.2f}, {point[1]:+.2f})  class 1 with {p:.3f}, is {label}")
