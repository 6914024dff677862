"""A curve learns its data. A small network bends itself onto noisy points, step by step.

Section: For pleasure.
"""

# %% Points around a wave
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(3)
x = torch.linspace(-3, 3, 60).unsqueeze(1)
y = torch.sin(2 * x) * torch.exp(-0.2 * x**2) + 0.08 * torch.randn(60, 1)

# %% A network of sixteen bends
net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.03)
losses = []
snapshots = {}

for step in range(241):
    guess = net(x)
    loss = nn.functional.mse_loss(guess, y)
    if step in (0, 30, 240):
        snapshots[step] = guess.detach()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"loss {losses[0]:.3f} -> {losses[-1]:.4f}")

# %% Before, during, after
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
left.scatter(x, y, s=12, alpha=0.5, label="data")
for step, curve in snapshots.items():
    left.plot(x, curve, label=f"step {step}")
left.legend()
right.semilogy(losses)
right.set_xlabel("step")
right.set_title("loss")
plt.show()
