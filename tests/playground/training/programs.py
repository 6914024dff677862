"""Programs that train, one of each kind; none does anything for the sake of being watched."""

MOONS = """
import torch
from torch import nn

X = torch.randn(80, 2)
y = (X[:, 0] * X[:, 1] > 0).long()
net = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, CLASSES))
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(STEPS):
    optimizer.zero_grad()
    out = net(X)
    loss = nn.functional.cross_entropy(out, y)
    loss.backward()
    optimizer.step()
    accuracy = (out.argmax(1) == y).float().mean().item()
print(loss.item(), torch.rand(3), net[1].running_mean)
"""

LOGISTIC = """
import torch

X = torch.randn(60, 2)
y = (X[:, 0] > X[:, 1]).float()
w = torch.zeros(2, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([w, b], lr=0.5)
for step in range(STEPS):
    p = torch.sigmoid(X @ w + b).squeeze(1)
    loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(w, b)
"""

XOR = """
import torch
from torch import nn

X = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
y = torch.tensor([[0.0], [1], [1], [0]])

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 8)
        self.out = nn.Linear(8, 1)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return torch.sigmoid(self.out(torch.tanh(self.hidden(x))))

model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
loss_function = nn.MSELoss()
for epoch in range(STEPS):
    loss = loss_function(model(X), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item(), model.calls)
"""

LINE = """
import torch

x = torch.linspace(-1, 1, 40)
y = 3 * x + 0.5 + 0.1 * torch.randn(40)
w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for step in range(STEPS):
    loss = ((w * x + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
    w.grad.zero_()
    b.grad.zero_()
print(w, b)
"""

CURVE = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

x = torch.linspace(-3, 3, 64).unsqueeze(1)
y = torch.sin(x)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
net = nn.Sequential(nn.Linear(1, 16), nn.ReLU(inplace=True), nn.Linear(16, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5, 0.5)
for epoch in range(STEPS // 4):
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    scheduler.step()
    train_loss = total / len(loader)
print(train_loss)
"""

GAN = """
import math
import torch
from torch import nn

def ring(n):
    t = torch.rand(n) * 2 * math.pi
    return torch.stack([torch.cos(t), torch.sin(t)], 1)

G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=0.01)
opt_d = torch.optim.Adam(D.parameters(), lr=0.02)
criterion = nn.BCEWithLogitsLoss()
for step in range(STEPS // 2):
    real = ring(32)
    fake = G(torch.randn(32, 4))
    loss_d = criterion(D(real), torch.ones(32, 1)) + criterion(D(fake.detach()), torch.zeros(32, 1))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    loss_g = criterion(D(fake), torch.ones(32, 1))
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
print(loss_d.item(), loss_g.item())
"""

AUTOENCODER = """
import torch
from torch import nn

X = (torch.rand(20, 64) > 0.6).float()
encoder = nn.Sequential(nn.Linear(64, 8), nn.Tanh())
decoder = nn.Sequential(nn.Linear(8, 64), nn.Sigmoid())
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
for step in range(STEPS):
    loss = nn.functional.binary_cross_entropy(decoder(encoder(X)), X)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())
"""

CNN = """
import torch
from torch import nn

images = torch.rand(24, 1, 8, 8)
labels = torch.randint(0, 10, (24,))

class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 16, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.conv(x)), 2)
        return self.fc(x.view(x.size(0), -1))

net = CNN()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for step in range(STEPS):
    loss = nn.functional.cross_entropy(net(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())
"""

CHARACTERS = """
import torch
from torch import nn

text = "hello world, hello all the world "
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
codes = torch.tensor([stoi[c] for c in text])
X = codes[:-1].view(4, 8)
Y = codes[1:].view(4, 8)
embedding = nn.Embedding(len(chars), 8)
rnn = nn.RNN(8, 16, batch_first=True)
head = nn.Linear(16, len(chars))
parameters = [*embedding.parameters(), *rnn.parameters(), *head.parameters()]
optimizer = torch.optim.Adam(parameters, lr=0.02)
for step in range(STEPS):
    h, _ = rnn(embedding(X))
    logits = head(h)
    loss = nn.functional.cross_entropy(logits.view(-1, len(chars)), Y.view(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())
"""

VAE = """
import torch
from torch import nn

X = torch.rand(16, 1, 8, 8)

class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(64, 16)
        self.mu = nn.Linear(16, 2)
        self.logvar = nn.Linear(16, 2)
        self.decoder = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 64))

    def forward(self, x):
        h = torch.relu(self.encoder(x.flatten(1)))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.decoder(z).view(-1, 1, 8, 8), mu, logvar

vae = VAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=0.01)
for step in range(STEPS):
    out, mu, logvar = vae(X)
    reconstruction = nn.functional.binary_cross_entropy_with_logits(out, X)
    kl = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).mean()
    loss = reconstruction + 0.1 * kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())
"""

LBFGS = """
import torch

x = torch.tensor([-1.5, 2.0], requires_grad=True)
optimizer = torch.optim.LBFGS([x], lr=0.1, max_iter=5)

def closure():
    optimizer.zero_grad()
    loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    loss.backward()
    return loss

for step in range(STEPS):
    optimizer.step(closure)
print(x)
"""

ACCUMULATION = """
import torch
from torch import nn

X, y = torch.randn(64, 3), torch.randn(64, 1)
net = nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(STEPS):
    optimizer.zero_grad()
    for k in range(4):
        loss = nn.functional.mse_loss(net(X[16 * k : 16 * k + 16]), y[16 * k : 16 * k + 16]) / 4
        loss.backward()
    optimizer.step()
print(loss.item())
"""

NEWTON = """
import torch

x = torch.tensor([3.0], requires_grad=True)
for step in range(STEPS):
    y = (x - 1) ** 4 + x ** 2
    g, = torch.autograd.grad(y, x, create_graph=True)
    h, = torch.autograd.grad(g, x)
    with torch.no_grad():
        x -= g / h
print(x)
"""

ALL = {
    name: text
    for name, text in list(globals().items())
    if name.isupper() and isinstance(text, str) and "import torch" in text
}


def program(name: str, steps: int, classes: int = 2) -> str:
    """One of them, with so many steps."""
    return ALL[name].replace("STEPS", str(steps)).replace("CLASSES", str(classes)).lstrip()
