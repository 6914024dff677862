"""A vector times a matrix nobody builds. That product is all that backward() ever computes.

Section: Vector-Jacobian products.
"""

# %% Doubling until it is large
import torch

torch.manual_seed(0)
x = torch.randn(3, requires_grad=True)

# How often the loop runs depends on the data; the graph records what did happen.
y = x * 2
doublings = 1
while y.data.norm() < 1000:
    y = y * 2
    doublings += 1
print(y)
print(doublings, "doublings")

# %% Which of the outputs?
# Three outputs have three gradients. The vector says how much each of them counts.
v = torch.tensor([0.1, 1.0, 0.0001])
y.backward(v)
print(x.grad)
print(v * 2**doublings)  # the Jacobian is diagonal, with 2 to the number of doublings on it

# %% One row at a time
# Asking with a unit vector picks one row of the Jacobian; all rows together are the whole.
p = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
q = torch.stack([p[0] * p[1], p[1] * p[2], p[2] * p[0]])
rows = []
for unit in torch.eye(3):
    (row,) = torch.autograd.grad(q, p, unit, retain_graph=True)
    rows.append(row)
print(torch.stack(rows))
