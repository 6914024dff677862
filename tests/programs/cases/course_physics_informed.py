# A network that obeys an oscillator: derivatives of derivatives of its input.
# tolerance: 1e-2
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn

torch.manual_seed(123)


class FCN(nn.Module):
    def __init__(self, ni, no, nh, nl):
        super().__init__()
        activation = nn.Tanh
        self.fcs = nn.Sequential(*[nn.Linear(ni, nh), activation()])
        self.fch = nn.Sequential(*[nn.Sequential(*[nn.Linear(nh, nh), activation()]) for _ in range(nl - 1)])
        self.fce = nn.Linear(nh, no)

    def forward(self, x):
        return self.fce(self.fch(self.fcs(x)))


pinn = FCN(1, 1, 16, 2)
print(pinn)
tb = torch.tensor(0.0).view(-1, 1).requires_grad_(True)
tp = torch.linspace(0, 1, 20).view(-1, 1).requires_grad_(True)
d, w0 = 2, 8
mu, k = 2 * d, w0**2
opt = torch.optim.Adam(pinn.parameters(), lr=1e-3)
for i in range(12):
    opt.zero_grad()
    u = pinn(tb)
    loss1 = (torch.squeeze(u) - 1) ** 2
    dudt = torch.autograd.grad(u, tb, torch.ones_like(u), create_graph=True)[0]
    loss2 = (torch.squeeze(dudt) - 0) ** 2
    u = pinn(tp)
    dudt = torch.autograd.grad(u, tp, torch.ones_like(u), create_graph=True)[0]
    d2 = torch.autograd.grad(dudt, tp, torch.ones_like(dudt), create_graph=True)[0]
    loss3 = torch.mean((d2 + mu * dudt + k * u) ** 2)
    loss = loss1 + 1e-1 * loss2 + 1e-4 * loss3
    loss.backward()
    opt.step()
    if i % 4 == 0:
        print(i, f"{loss.item():.5f} {loss3.item():.5f}", d2[:2].flatten())
x = torch.tensor(0.7, requires_grad=True)
y = torch.sin(x) * x**3
for n in range(5):
    (y,) = torch.autograd.grad(y, x, create_graph=True)
    print(n + 1, y)
X = torch.rand(5, 2, requires_grad=True)
U = (X[:, 0] ** 2 * torch.exp(X[:, 1])).unsqueeze(1)
g = torch.autograd.grad(U.sum(), X, create_graph=True)[0]
lap = sum(torch.autograd.grad(g[:, i].sum(), X, retain_graph=True)[0][:, i] for i in range(2))
print(lap, g.grad_fn)
