# Two networks against each other: a generator learns where a normal distribution lies.
import torch
from torch import nn

torch.manual_seed(1)
generator = nn.Linear(1, 1)
critic = nn.Sequential(nn.Linear(1, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
g_optimizer = torch.optim.Adam(generator.parameters(), lr=0.02, betas=(0.5, 0.9))
c_optimizer = torch.optim.Adam(critic.parameters(), lr=0.02, betas=(0.5, 0.9))
criterion = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)
for step in range(61):
    real = 3.0 + 0.5 * torch.randn(64, 1)
    fake = generator(torch.randn(64, 1))
    critic_loss = criterion(critic(real), ones) + criterion(critic(fake.detach()), zeros)
    c_optimizer.zero_grad()
    critic_loss.backward()
    c_optimizer.step()
    generator_loss = criterion(critic(fake), ones)
    g_optimizer.zero_grad()
    generator_loss.backward()
    g_optimizer.step()
    if step % 20 == 0:
        print(step, f"{critic_loss.item():.3f} {generator_loss.item():.3f}", f"mean {fake.mean().item():.2f}")
print(generator.weight, generator.bias)
