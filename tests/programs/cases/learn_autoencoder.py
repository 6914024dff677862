# Squeezing eight numbers through three and back.
import torch
from torch import nn

torch.manual_seed(0)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(8, 3), nn.Tanh())
        self.decoder = nn.Linear(3, 8)

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = Autoencoder()
x = torch.eye(8)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for step in range(201):
    loss = nn.functional.mse_loss(model(x), x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"{step}: {loss.item():.4f}")
print(model)
print({name: tuple(p.shape) for name, p in model.named_parameters()})
