# The smallest problem that needs a hidden layer.
import torch
from torch import nn, optim

torch.manual_seed(7)
x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())
optimizer = optim.Adam(model.parameters(), lr=0.05)
criterion = nn.BCELoss()
for epoch in range(201):
    prediction = model(x)
    loss = criterion(prediction, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 50 == 0:
        print(f"epoch {epoch}: {loss.item():.4f}")
with torch.no_grad():
    print(model(x).round().flatten(), model(x).round().equal(y))
print(sum(p.numel() for p in model.parameters()), model[0].weight.grad.abs().max() < 0.1)
