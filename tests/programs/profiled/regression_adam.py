# Regression with Adam, a mean squared error and metrics.
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Dropout(0.5), nn.Linear(4, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
x, y = torch.randn(8, 3), torch.randn(8, 1)
criterion(net(x), y).backward()
optimizer.step()

# %% profiled
optimizer.zero_grad(set_to_none=True)
loss = criterion(net(x), y)
loss.backward()
optimizer.step()
print((net(x) - y).abs().mean().item())
with torch.no_grad():
    net.eval()
    net(x)
