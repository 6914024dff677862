# In-place operations on memory that others look at, and what is refused.
import torch

v = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def assign(z, key, value):
    z[key] = value
    return z


attempts = {
    "a constant into a copy": lambda z: assign(z, 0, 10.0),
    "times itself": lambda z: z.mul_(z),
    "times its own view": lambda z: assign(z, 0, z[0] * z[1]),
    "plus itself": lambda z: z.add_(z),
    "exp, then overwritten": lambda z: assign(z.exp(), 0, 0.0),
    "relu, then shifted": lambda z: z.relu().add_(1),
    "tanh, then zeroed": lambda z: z.tanh().zero_(),
    "a piece of unbind": lambda z: z.unbind()[0].mul_(3),
    "a piece of split": lambda z: z.split(1)[0].mul_(3),
    "an expanded tensor": lambda z: torch.ones(3).expand(2, 3).add_(z),
    "half, through a view": lambda z: (z[:2].mul_(3), z)[1],
    "column view": lambda z: z.view(3, 1).mul_(3),
}
for label, attempt in attempts.items():
    v.grad = None
    try:
        result = attempt(v.clone())
        result.sum().backward()
        print(label, result, v.grad)
    except RuntimeError as error:
        print(f"{label}: {error}")
w = torch.tensor([1.0, 2.0, 3.0])
for label, build in {"product": lambda: v * w, "sum": lambda: v + w, "quotient": lambda: v / w}.items():
    z = build()
    w += 1
    try:
        z.sum().backward()
        print(label, "fine")
    except RuntimeError as error:
        print(label, str(error).split(":")[1][:60])
