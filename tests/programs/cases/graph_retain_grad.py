# Gradients of intermediate results: asked for by retain_grad, seen by hooks.
import warnings

import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x * 3
z = y**2
y.retain_grad()
print(y.retains_grad, z.retains_grad, x.retains_grad)
z.sum().backward()
print(x.grad, y.grad)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(z.grad)
print(len(caught), caught[0].category.__name__)
print(" ".join(str(caught[0].message).split("(Triggered")[0].split()))
x.grad = None
y = x * 3
handle = y.register_hook(lambda g: print("gradient of y:", g))
x.register_hook(lambda g: g * 10)
y.sum().backward(retain_graph=True)
print(x.grad)
handle.remove()
y.sum().backward()
print(x.grad)
