# The tutorial's model: two layers, a squared error summed, SGD.
import torch

torch.manual_seed(0)


class TinyModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = torch.nn.Linear(1000, 100)
        self.relu = torch.nn.ReLU()
        self.layer2 = torch.nn.Linear(100, 10)

    def forward(self, x):
        return self.layer2(self.relu(self.layer1(x)))


some_input = torch.randn(16, 1000, requires_grad=False)
ideal_output = torch.randn(16, 10, requires_grad=False)
model = TinyModel()
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
x = torch.randn(2, 3, requires_grad=True)
y = torch.rand(2, 3, requires_grad=True)
z = torch.ones(2, 3, requires_grad=True)

# %% profiled
for _ in range(3):
    z = (z / x) * y
prediction = model(some_input)
loss = (ideal_output - prediction).pow(2).sum()
loss.backward()
optimizer.step()
for _ in range(2):
    prediction = model(some_input)
    loss = (ideal_output - prediction).pow(2).sum()
    loss.backward()
optimizer.zero_grad(set_to_none=False)
out = (2 * torch.sin(torch.linspace(0.0, 6.0, steps=25, requires_grad=True)) + 1).sum()
out.backward()
