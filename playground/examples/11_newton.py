"""Down a banana valley. Newton's method asks the Hessian for the way and arrives in a handful of steps.

Section: For pleasure.
"""

# %% A narrow, bent valley
import matplotlib.pyplot as plt
import torch
from torch.autograd.functional import hessian, jacobian


def valley(p):
    """Rosenbrock's function: its floor is a parabola, its lowest point (1, 1)."""
    return (1 - p[0]) ** 2 + 20 * (p[1] - p[0] ** 2) ** 2


# %% Newton: slope divided by curvature
p = torch.tensor([-1.2, 1.0])
newton = [p.tolist()]
for _ in range(7):
    slope, curvature = jacobian(valley, p), hessian(valley, p)
    p = p - torch.linalg.solve(curvature, slope)
    newton.append(p.tolist())
print(f"{len(newton) - 1} steps of Newton:       {p.tolist()}, height {valley(p):.2e}")

# %% Gradient descent: only the slope
p = torch.tensor([-1.2, 1.0], requires_grad=True)
descent = [p.tolist()]
for _ in range(100):
    p.grad = None
    valley(p).backward()
    with torch.no_grad():
        p -= 0.005 * p.grad
    descent.append(p.tolist())
print(f"{len(descent) - 1} steps of descent: {[round(c, 3) for c in p.tolist()]}, height {valley(p):.2e}")

# %% Both ways down
# Descent rattles into the valley and then creeps along its floor; Newton leaps.
a, b = torch.linspace(-1.6, 1.6, 60), torch.linspace(-0.6, 2.2, 60)
height = valley(torch.stack(torch.meshgrid(a, b, indexing="xy")))
plt.imshow(height.log(), extent=(-1.6, 1.6, -0.6, 2.2), origin="lower", cmap="Greys", aspect="auto")
plt.plot([q[0] for q in descent], [q[1] for q in descent], ".-", label="gradient descent")
plt.plot([q[0] for q in newton], [q[1] for q in newton], "o-", label="Newton")
plt.legend()
plt.show()
