"""Changed behind its back. Writing over a tensor can destroy what backward() needs, and autograd notices.

Section: Autograd and in-place operations.
"""

# %% A leaf may not be overwritten
import torch

x = torch.linspace(0.0, 1.0, steps=5, requires_grad=True)
# This cell ends in an error, and that is the point: the gradient would belong to a value that is gone.
torch.sin_(x)

# %% What was saved may not be overwritten either
x = torch.linspace(0.0, 1.0, steps=5, requires_grad=True)
y = x.exp()  # keeps its result, because the derivative of exp is exp
y += 1  # and now that result is no more
y.sum().backward()

# %% Some operations do not mind
# Doubling saves nothing of its input, so the same line is harmless here.
y = 2 * x
y += 1
y.sum().backward()
print(x.grad)

# %% How it knows
# Each tensor counts the changes made to it, and a view shares the count.
z = torch.zeros(4)
first_half = z[:2]
print(z._version, first_half._version)
first_half.add_(1)
print(z._version, first_half._version)

# %% Updating a weight is the exception
w = torch.ones(3, requires_grad=True)
(w**2).sum().backward()
with torch.no_grad():  # nobody will ask for the gradient of this step
    w -= 0.1 * w.grad
print(w)
