# A variational autoencoder.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import Adam

torch.manual_seed(0)


class VAE(nn.Module):
    def __init__(self, x_dim=12, h_dim=16, z_dim=2):
        super(VAE, self).__init__()
        self.encoder = nn.Sequential(nn.Linear(x_dim, h_dim), nn.ReLU())
        self.fc_mu = nn.Linear(h_dim, z_dim)
        self.fc_logvar = nn.Linear(h_dim, z_dim)
        self.decoder = nn.Sequential(nn.Linear(z_dim, h_dim), nn.ReLU(), nn.Linear(h_dim, x_dim), nn.Sigmoid())

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        z = self.reparameterize(mu, logvar)
        return self.decoder(z), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x, reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD, BCE, KLD


model = VAE()
print(model)
opt = Adam(model.parameters(), lr=1e-2)
x = (torch.rand(32, 12) > 0.5).float()
for epoch in range(10):
    opt.zero_grad()
    recon, mu, logvar = model(x)
    loss, bce, kld = loss_function(recon, x, mu, logvar)
    loss.backward()
    opt.step()
    if epoch % 3 == 0:
        print(f"epoch {epoch} loss {loss.item() / 32:.4f} bce {bce.item():.2f} kld {kld.item():.4f}")
with torch.no_grad():
    z = torch.randn(2, 2)
    print(model.decoder(z)[:, :4])
print(mu[:2], logvar.mean().item().__format__(".4f"), loss.grad_fn)
