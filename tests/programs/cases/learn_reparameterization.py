# A variational autoencoder in small: sampling that gradients can pass through.
import torch
import torch.nn.functional as F
from torch import nn


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(6, 8)
        self.mean, self.log_variance = nn.Linear(8, 2), nn.Linear(8, 2)
        self.decode = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 6))

    def forward(self, x):
        h = F.relu(self.encode(x))
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return self.decode(z), mean, log_variance


torch.manual_seed(0)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
data = (torch.rand(32, 6) > 0.5).float()
for epoch in range(41):
    logits, mean, log_variance = model(data)
    reconstruction = F.binary_cross_entropy_with_logits(logits, data, reduction="sum")
    divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    optimizer.zero_grad()
    (reconstruction + divergence).backward()
    optimizer.step()
    if epoch % 20 == 0:
        print(epoch, f"{reconstruction.item() / 32:.3f} {divergence.item() / 32:.3f}")
print([name for name, p in model.named_parameters() if p.grad.abs().sum() == 0], model.mean.weight.grad.shape)
