# A data set, its split and shuffled batches, trained with a one-cycle schedule.
# tolerance: 1e-4
# Losses are sums that a BLAS may add up in another order.
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split


class Waves(Dataset):
    def __init__(self, count):
        self.x = torch.linspace(-3, 3, count)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return {"x": self.x[index], "y": torch.sin(self.x[index]), "label": index % 2, "name": f"p{index}"}


torch.manual_seed(0)
batch = next(iter(DataLoader(Waves(6), batch_size=3, shuffle=True)))
print(batch["x"], batch["label"], batch["name"])

x = torch.randn(60, 2)
y = (x[:, :1] * 2 - x[:, 1:]).tanh()
train, test = random_split(TensorDataset(x, y), [0.8, 0.2])
print(len(train), len(test), test.indices[:5])
loader = DataLoader(train, batch_size=16, shuffle=True, drop_last=False)
net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.NAdam(net.parameters(), lr=0.02)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, epochs=3, steps_per_epoch=len(loader))
for epoch in range(3):
    total = 0.0
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(inputs), targets)
        loss.backward()
        optimizer.step()
        schedule.step() if schedule.last_epoch < schedule.total_steps - 1 else None
        total += loss.item() * len(inputs)
    print(f"epoch {epoch}: {total / len(train):.4f}, lr {schedule.get_last_lr()[0]:.6f}")
for inputs, targets in DataLoader(test, batch_size=5):
    print(inputs.shape, targets.shape)
