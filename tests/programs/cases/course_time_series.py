# A wave continued by an LSTM.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import torch, torch.nn as nn, math

torch.manual_seed(1)
s = torch.sin(torch.linspace(0, 8 * math.pi, 60))
L = 6
X = torch.stack([s[i : i + L] for i in range(54)]).unsqueeze(-1)
Y = s[L:].unsqueeze(1)
print(X.shape, Y.shape, s.unfold(0, L, 1).shape)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 12, batch_first=True)
        self.fc = nn.Linear(12, 1)

    def forward(self, x):
        o, (h, c) = self.lstm(x)
        return self.fc(o[:, -1, :])


m = Net()
opt = torch.optim.Adam(m.parameters(), lr=0.02)
for e in range(12):
    p = m(X)
    l = nn.functional.mse_loss(p, Y)
    opt.zero_grad()
    l.backward()
    opt.step()
    if e % 4 == 0:
        print(f"epoch {e} {l.item():.5f}")
m.eval()
w = X[-1:].clone()
out = []
with torch.no_grad():
    for _ in range(4):
        y = m(w)
        out.append(round(y.item(), 3))
        w = torch.cat([w[:, 1:], y[:, None]], 1)
print(out)
h = torch.zeros(1, 1, 12)
print(m.lstm(X[:1], (h, h))[0].shape, [tuple(p.shape) for p in m.lstm.parameters()], m)
