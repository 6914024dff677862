# Small batches, one step: accumulated gradients equal the gradient of the big batch.
import torch
from torch import nn

torch.manual_seed(0)
x, y = torch.randn(8, 3), torch.randn(8, 1)
model = nn.Linear(3, 1)
nn.functional.mse_loss(model(x), y).backward()
whole = [p.grad.clone() for p in model.parameters()]
model.zero_grad(set_to_none=True)
for part_x, part_y in zip(x.split(2), y.split(2)):
    (nn.functional.mse_loss(model(part_x), part_y) / 4).backward()
    print(model.bias.grad)
print([torch.allclose(a, p.grad, atol=1e-6) for a, p in zip(whole, model.parameters())])
print(whole[0], whole[1])
