"""Curvature against patience. Newton's method asks the Hessian and is done in six steps; SGD takes hundreds.

Section: Templates.
Panel: output.
"""

# %% Logistic regression as one function of its three parameters
import data
import matplotlib.pyplot as plt
import torch
from torch.autograd.functional import hessian, jacobian

torch.manual_seed(0)
X, y = data.blobs(n=200, classes=2, spread=1.2, seed=1)
# One feature is on a scale of its own, which bends the loss into a narrow valley.
X = torch.cat([X * torch.tensor([1.0, 4.0]), torch.ones(len(X), 1)], dim=1)


def loss_at(w, rows=slice(None)):
    logits = X[rows] @ w
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, y[rows].float()) + 0.01 * (w @ w)


# %% Newton: the slope, divided by the curvature in every direction at once
w = torch.zeros(3)
newton = [loss_at(w).item()]
for step in range(8):
    w = w - torch.linalg.solve(hessian(loss_at, w), jacobian(loss_at, w))
    newton.append(loss_at(w).item())
best = newton[-1]
curvature = torch.linalg.eigvalsh(hessian(loss_at, w))
print("curvature at the bottom:", curvature)
print(f"steepest over flattest: {curvature[-1] / curvature[0]:.0f}")

# %% SGD: the slope of a few points at a time
w = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
sgd = [loss_at(w).item()]
for step in range(400):
    batch = torch.randint(len(X), (20,))
    loss = loss_at(w, batch)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    sgd.append(loss_at(w).item())

print(f"Newton, 8 steps: {newton[-1]:.6f}")
print(f"SGD, 400 steps:  {sgd[-1]:.6f}")

# %% How far above the lowest loss
plt.semilogy([max(value - best, 1e-8) for value in sgd], label="SGD")
plt.semilogy([max(value - best, 1e-8) for value in newton], "o-", label="Newton")
plt.xlabel("step")
plt.title("loss above the best")
plt.legend()
plt.show()
