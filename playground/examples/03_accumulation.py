"""Gradients add up. A second backward() does not replace the first gradient, it joins it.

Section: Autograd in training.
"""

# %% Once
import matplotlib.pyplot as plt
import torch

w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)

# The derivative of the sum of squares is 2w.
(w**2).sum().backward()
print(w.grad)

# %% And again
# Nothing went wrong here: .grad is where gradients are collected, and nobody emptied it.
for _ in range(3):
    (w**2).sum().backward()
print(w.grad)

# %% Emptied in time
w.grad = None
(w**2).sum().backward()
print(w.grad)

# %% What it does to training
def descend(forget):
    """Walk down (p - 3)^2 from 0; `forget` empties the gradient before each step."""
    p = torch.zeros(1, requires_grad=True)
    path = []
    for _ in range(25):
        if forget:
            p.grad = None
        ((p - 3) ** 2).sum().backward()
        with torch.no_grad():
            p -= 0.1 * p.grad
        path.append(p.item())
    return path


# With every old gradient still pushing, the walk overshoots like a heavy ball.
plt.plot(descend(forget=True), "o-", label="emptied each step")
plt.plot(descend(forget=False), "o-", label="never emptied")
plt.axhline(3, linestyle=":")
plt.xlabel("step")
plt.ylabel("p")
plt.legend()
plt.show()
