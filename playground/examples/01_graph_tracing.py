"""A sine, traced. Every operation leaves a node behind, and backward() walks the nodes home.

Section: A simple example.
"""

# %% Values flow forward
import math

import matplotlib.pyplot as plt
import torch

# requires_grad=True asks that everything computed from x be remembered.
x = torch.linspace(0.0, 2.0 * math.pi, steps=25, requires_grad=True)
wave = torch.sin(x)
height = 2 * wave + 1
total = height.sum()
print(total)

# %% The trail they leave
# Each result knows the step that made it, and each step knows the ones before it.
step = total.grad_fn
while step is not None:
    print(step.name())
    step = step.next_functions[0][0] if step.next_functions else None

# %% Gradients flow back
total.backward()

# Adding 1 changed nothing, doubling doubled, and the derivative of sin is cos: this is 2 cos(x).
print(torch.allclose(x.grad, 2 * torch.cos(x.detach()), atol=1e-6))

# %% The picture
plt.plot(x.detach(), height.detach(), label="2 sin(x) + 1")
plt.plot(x.detach(), x.grad, "--", label="its gradient, 2 cos(x)")
plt.xlabel("x")
plt.legend()
plt.show()
