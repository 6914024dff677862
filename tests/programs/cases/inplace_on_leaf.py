# A leaf that requires grad may not be changed in place, except under no_grad.
import math

import torch

a = torch.linspace(0.0, 2.0 * math.pi, steps=5, requires_grad=True)
attempts = {
    "sin_": lambda: torch.sin_(a),
    "add_": lambda: a.add_(1),
    "item": lambda: a.__setitem__(0, 1.0),
    "row": lambda: a[1:3].mul_(2),
    "view": lambda: a.view(5, 1).zero_(),
    "iadd": lambda: a.__iadd__(1),
    "detached": lambda: a.detach().add_(1),
    "data": lambda: a.data.sub_(1),
}
for label, attempt in attempts.items():
    try:
        print(f"{label}: {attempt()}")
    except RuntimeError as error:
        print(f"{label}: {error}")
print(a, a._version)
with torch.no_grad():
    a += 1
    a[0] = -1.0
print(a, a._version)
(a * a).sum().backward()
print(a.grad)
