"""One step of training. A small network guesses, is told how wrong it was, and moves its weights a little.

Section: Autograd in training.
"""

# %% A network and something to learn
import torch
from torch import nn

torch.manual_seed(0)


class TinyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Linear(8, 5)
        self.relu = nn.ReLU()
        self.layer2 = nn.Linear(5, 2)

    def forward(self, x):
        return self.layer2(self.relu(self.layer1(x)))


model = TinyModel()
inputs = torch.randn(16, 8)
wanted = torch.randn(16, 2)
print(model)

# %% Forward: how wrong is it?
# Parameters require gradients by themselves; nobody had to say so.
predicted = model(inputs)
loss = (predicted - wanted).pow(2).sum()
print(loss)

# %% Backward: who is to blame?
print("before:", model.layer2.bias.grad)
loss.backward()
print("after: ", model.layer2.bias.grad)

# %% Step: everyone moves a little
# backward() only worked out the gradients. The weights change here, and nowhere else.
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
was = model.layer2.bias.clone()
optimizer.step()
print(was)
print(model.layer2.bias)

# %% Better?
with torch.no_grad():
    again = (model(inputs) - wanted).pow(2).sum()
print(f"{loss.item():.3f} became {again.item():.3f}")
