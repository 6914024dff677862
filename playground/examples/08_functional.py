"""Derivatives as functions. Jacobians, Hessians, and products with them, straight from a Python function.

Section: The functional API.
"""

# %% A Jacobian for each input
import matplotlib.pyplot as plt
import torch
from torch.autograd import functional

torch.manual_seed(0)


def exp_adder(x, y):
    return 2 * x.exp() + 3 * y


inputs = (torch.rand(3), torch.rand(3))
by_x, by_y = functional.jacobian(exp_adder, inputs)

# Element i depends on element i alone, so both are diagonal: 2 exp(x), and 3.
print(by_x)
print(by_y)

# %% A Hessian: how the slope changes
def rosenbrock(p):
    return 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2


at = torch.tensor([1.0, 1.0])
curvature = functional.hessian(rosenbrock, at)
print(curvature)

# %% Products, without the matrix
# The matrix of a million parameters would not fit anywhere. Its product with one vector does.
v = torch.tensor([1.0, 0.0])
value, product = functional.hvp(rosenbrock, at, v)
print(product)

out, forward = functional.jvp(exp_adder, inputs, (torch.ones(3), torch.zeros(3)))
out, backward = functional.vjp(exp_adder, inputs, torch.ones(3))
print(forward)
print(backward)

# %% A Jacobian with a shape
# Softmax: raising one score lowers the share of every other.
scores = torch.linspace(-2, 2, 7)
picture = functional.jacobian(lambda s: s.softmax(0), scores)
plt.imshow(picture, cmap="coolwarm", vmin=-0.25, vmax=0.25)
plt.colorbar()
plt.title("how share i changes with score j")
plt.show()
