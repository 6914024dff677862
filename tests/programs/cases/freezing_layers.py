# Fine-tuning: only what still requires grad moves.
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
for parameter in model[0].parameters():
    parameter.requires_grad = False
trainable = [p for p in model.parameters() if p.requires_grad]
print(len(trainable), [name for name, p in model.named_parameters() if p.requires_grad])
optimizer = torch.optim.SGD(trainable, lr=0.5)
x, y = torch.randn(6, 4), torch.tensor([0, 1, 0, 1, 1, 0])
frozen = model[0].weight.clone()
for step in range(4):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, f"{loss.item():.4f}", model[0].weight.grad)
print(torch.equal(frozen, model[0].weight), model[0](x).requires_grad, model(x).requires_grad)
with torch.no_grad():
    features = model[1](model[0](x))
print(features.shape, features.requires_grad, model[2](features).grad_fn.name())
