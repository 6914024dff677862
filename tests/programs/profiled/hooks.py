# Hooks, no_grad, a gradient given by the program, a graph kept for a second pass.
import torch

torch.manual_seed(0)
x = torch.tensor([1.0, 2.0], requires_grad=True)

# %% profiled
y = (x**3).sum()
y.backward(retain_graph=True)
y.backward()
with torch.no_grad():
    x.mul_(0.5)
x.grad = None
z = x * 2
z.register_hook(lambda g: g * 2)
z.sum().backward(retain_graph=True)
z.backward(torch.ones(2))
