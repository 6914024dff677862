"""A straight line through points. Gradient descent finds the slope and the intercept the points were made with.

Section: Templates.
Panel: training.
"""

# %% Eighty points around y = 2x - 1
import data
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
X, y = data.line(n=80, slope=2.0, intercept=-1.0, noise=0.4, seed=1)

# %% One weight, one bias
model = nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
losses = []

for step in range(150):
    loss = nn.functional.mse_loss(model(X), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

slope, intercept = model.weight.item(), model.bias.item()
print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f}")
print(f"y = {slope:.2f} x {intercept:+.2f}")

# %% The line
with torch.no_grad():
    plt.scatter(X, y, s=14, alpha=0.6, label="data")
    plt.plot(X, model(X), label="model")
plt.legend()
plt.show()
