# Saving and restoring what a model has learnt.
import torch
from torch import nn

torch.manual_seed(1)
a, b = (
    nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)),
    nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)),
)
state = a.state_dict()
print(state)
print(list(state), type(state).__name__, state["0.weight"].requires_grad)
x = torch.tensor([[1.0, 2.0]])
print(torch.equal(a(x), b(x)))
print(b.load_state_dict(state))
print(torch.equal(a(x), b(x)))
with torch.no_grad():
    a[0].weight.zero_()
print(state["0.weight"], b[0].weight.data)
for wrong in (
    {"0.weight": torch.ones(2, 2)},
    {**state, "extra": torch.ones(1)},
    {**state, "0.weight": torch.ones(3, 3)},
):
    try:
        b.load_state_dict(wrong)
    except RuntimeError as error:
        print(error)
print(b.load_state_dict({"0.bias": torch.zeros(2)}, strict=False))
print(b[0].bias)
