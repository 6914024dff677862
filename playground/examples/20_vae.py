"""A model that invents digits. A variational autoencoder learns a smooth map, on which any point can be drawn.

Section: Templates.
Panel: training.
"""

# %% Digits
import data
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
X, _ = data.digits(n=300, noise=0.05, jitter=0.5, seed=0)
X = X.flatten(1)


# %% The encoder gives a mean and a spread; the code is drawn from them
class VAE(nn.Module):
    def __init__(self, codes=2):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(64, 48), nn.Tanh())
        self.mean = nn.Linear(48, codes)
        self.log_var = nn.Linear(48, codes)
        self.decode = nn.Sequential(nn.Linear(codes, 48), nn.Tanh(), nn.Linear(48, 64))

    def forward(self, x):
        h = self.encode(x)
        mean, log_var = self.mean(h), self.log_var(h)
        # The reparameterisation trick: the randomness comes from outside, so gradients flow past it.
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)
        return self.decode(z), mean, log_var


# %% Two aims: draw the picture again, and keep the codes near a standard normal
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for step in range(300):
    logits, mean, log_var = model(X)
    drawing = nn.functional.binary_cross_entropy_with_logits(logits, X, reduction="sum") / len(X)
    divergence = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum() / len(X)
    loss = drawing + 0.5 * divergence
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 59:
        print(f"step {step + 1}: drawing {drawing.item():.2f}, divergence {divergence.item():.2f}")

# %% A walk over the map
steps = torch.linspace(-1.5, 1.5, 9)
with torch.no_grad():
    rows = []
    for v in steps.flip(0):
        z = torch.stack([steps, v.expand(9)], dim=1)
        rows.append(torch.cat(list(torch.sigmoid(model.decode(z)).reshape(9, 8, 8)), dim=1))
plt.imshow(torch.cat(rows), cmap="gray")
plt.title("drawn from each place of the map")
plt.axis("off")
plt.show()
