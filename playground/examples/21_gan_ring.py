"""Forger against detective. A generator learns to throw points onto a ring, from a critic that tries to catch it.

Section: Templates.
Panel: training.
"""

# %% Eight clouds on a ring
import data
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
real, _ = data.ring(n=512, modes=8, radius=2.0, spread=0.1, seed=0)

# %% One makes points from noise, the other says which are real
generator = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
critic = nn.Sequential(
    nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1)
)
g_optimizer = torch.optim.Adam(generator.parameters(), lr=5e-3, betas=(0.5, 0.9))
d_optimizer = torch.optim.Adam(critic.parameters(), lr=5e-3, betas=(0.5, 0.9))
bce = nn.functional.binary_cross_entropy_with_logits
ones, zeros = torch.ones(128, 1), torch.zeros(128, 1)

for step in range(400):
    batch = real[torch.randint(len(real), (128,))]
    fake = generator(torch.randn(128, 4))

    d_loss = bce(critic(batch), ones) + bce(critic(fake.detach()), zeros)
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()

    g_loss = bce(critic(fake), ones)
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()

# %% Where its points land
with torch.no_grad():
    made = generator(torch.randn(512, 4))
distance = made.norm(dim=1)
near = ((distance - 2).abs() < 0.4).float().mean().item()
print(f"{near:.0%} of the points made are near the ring; their mean distance is {distance.mean():.2f}")
plt.scatter(real[:, 0], real[:, 1], s=8, alpha=0.4, label="real")
plt.scatter(made[:, 0], made[:, 1], s=8, alpha=0.6, label="made")
plt.axis("equal")
plt.legend()
plt.show()
