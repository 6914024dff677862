# Linear regression with a loader, a module and an optimizer.
# tolerance: 1e-3
# Sums that a BLAS may add up in another order.
import numpy as np
import torch
from torch.utils import data
from torch import nn

torch.manual_seed(5)
true_w = torch.tensor([2, -3.4])
X = torch.normal(0, 1, (400, 2))
labels = (X @ true_w + 4.2 + torch.normal(0, 0.01, (400,))).reshape(-1, 1)


def load_array(data_arrays, batch_size, is_train=True):
    dataset = data.TensorDataset(*data_arrays)
    return data.DataLoader(dataset, batch_size, shuffle=is_train)


data_iter = load_array((X, labels), 10)
print(next(iter(data_iter)))
net = nn.Sequential(nn.Linear(2, 1))
net[0].weight.data.normal_(0, 0.01)
net[0].bias.data.fill_(0)
print(net[0].weight, net[0].bias.data)
loss = nn.MSELoss()
trainer = torch.optim.SGD(net.parameters(), lr=0.03)
for epoch in range(3):
    for a, y in data_iter:
        l = loss(net(a), y)
        trainer.zero_grad()
        l.backward()
        trainer.step()
    l = loss(net(X), labels)
    print(f"epoch {epoch + 1}, loss {l:f}")
w = net[0].weight.data
print("error in estimating w:", true_w - w.reshape(true_w.shape))
b = net[0].bias.data
print("error in estimating b:", 4.2 - b)
