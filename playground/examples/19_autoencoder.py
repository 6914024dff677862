"""Pictures through a bottleneck. An autoencoder describes each digit by two numbers and draws it again from those.

Section: Templates.
Panel: training.
"""

# %% Digits, without their labels
import data
import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)
X, y = data.digits(n=300, noise=0.05, jitter=0.5, seed=0)
X = X.flatten(1)

# %% 64 numbers to 2, and back to 64
encoder = nn.Sequential(nn.Linear(64, 48), nn.Tanh(), nn.Linear(48, 2))
decoder = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 64), nn.Sigmoid())
model = nn.Sequential(encoder, decoder)
optimizer = torch.optim.Adam(model.parameters(), lr=0.015)

for step in range(300):
    drawn = model(X)
    loss = nn.functional.mse_loss(drawn, X)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 0:
        print(f"step {step:3}: loss {loss.item():.4f}")
print(f"step 300: loss {loss.item():.4f}")

# %% The two numbers of each picture; the colour is the digit, which the model never saw
with torch.no_grad():
    codes = encoder(X)
plt.scatter(codes[:, 0], codes[:, 1], c=y, s=18, cmap="viridis")
plt.title("every picture as a point")
plt.show()

# %% Above what went in, below what came out
fig, axes = plt.subplots(2, 4, figsize=(7, 4))
for column, digit in enumerate((0, 3, 4, 7)):
    axes[0, column].imshow(X[digit].reshape(8, 8), cmap="gray")
    axes[1, column].imshow(drawn[digit].detach().reshape(8, 8), cmap="gray")
plt.show()
