# A generator against a discriminator, and the gradient penalty of the Wasserstein one.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn

torch.manual_seed(111)
import math

n = 64
train = torch.zeros((n, 2))
train[:, 0] = 2 * math.pi * torch.rand(n)
train[:, 1] = torch.sin(train[:, 0])
loader = torch.utils.data.DataLoader([(train[i], 0) for i in range(n)], batch_size=16, shuffle=True)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1), nn.Sigmoid())

    def forward(self, x):
        return self.model(x)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 2))

    def forward(self, x):
        return self.model(x)


D, G = Discriminator(), Generator()
lf = nn.BCELoss()
od = torch.optim.Adam(D.parameters(), lr=0.001, betas=(0.5, 0.999))
og = torch.optim.Adam(G.parameters(), lr=0.001)
for epoch in range(3):
    for i, (real, _) in enumerate(loader):
        rl = torch.ones((16, 1))
        z = torch.randn((16, 2))
        fake = G(z)
        fl = torch.zeros((16, 1))
        alls = torch.cat((real, fake))
        labels = torch.cat((rl, fl))
        D.zero_grad()
        ld = lf(D(alls), labels)
        ld.backward()
        od.step()
        z = torch.randn((16, 2))
        G.zero_grad()
        lg = lf(D(G(z)), rl)
        lg.backward()
        og.step()
        if i == 3:
            print(f"Epoch: {epoch} Loss D.: {ld:.5f}  Loss G.: {lg:.5f}")
print(G(torch.ones(1, 2)).detach(), D(torch.zeros(1, 2)).shape)


# WGAN-GP
def gp(D, real, fake):
    a = torch.rand(real.size(0), 1)
    i = (a * real + (1 - a) * fake).requires_grad_(True)
    d = D(i)
    (g,) = torch.autograd.grad(
        outputs=d, inputs=i, grad_outputs=torch.ones_like(d), create_graph=True, retain_graph=True, only_inputs=True
    )
    return ((g.norm(2, dim=1) - 1) ** 2).mean()


D.eval()
p = gp(D, train[:4], G(torch.randn(4, 2)).detach())
print(p)
p.backward()
print(D.model[0].weight.grad.abs().sum())
