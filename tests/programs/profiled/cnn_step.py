# A training step of a small convolutional network.
# shapes not compared: aten::fill_
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1),
    nn.BatchNorm2d(4),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(4, 8, 3),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(8, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
x, y = torch.randn(4, 1, 12, 12), torch.tensor([0, 1, 2, 3])
criterion(net(x), y).backward()
optimizer.step()

# %% profiled
optimizer.zero_grad(set_to_none=True)
out = net(x)
loss = criterion(out, y)
loss.backward()
optimizer.step()
(out.argmax(dim=1) == y).float().mean().item()
