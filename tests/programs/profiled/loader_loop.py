# A loop over a DataLoader.
# shapes not compared: aten::random_ aten::randperm aten::resize_
# rows not compared: aten::resolve_conj aten::resolve_neg aten::resize_
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
data = TensorDataset(torch.randn(8, 3), torch.randn(8, 1))
loader = DataLoader(data, batch_size=4, shuffle=True)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

# %% profiled
for inputs, targets in loader:
    optimizer.zero_grad(set_to_none=True)
    nn.functional.mse_loss(model(inputs), targets).backward()
    optimizer.step()
