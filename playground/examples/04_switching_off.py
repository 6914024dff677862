"""Off and on again. Four ways to compute without leaving a trail, and how to tell them apart.

Section: Turning autograd off and on.
"""

# %% On: the trail is kept
import torch

a = torch.ones(2, 3, requires_grad=True)
b = 2 * a
print(b)

# %% Off for a while
# Inside the block nothing is remembered, which saves memory when no gradient is wanted.
with torch.no_grad():
    c = 3 * a
    with torch.enable_grad():
        d = 4 * a  # on again, in the middle of off
print(c.requires_grad, d.requires_grad)


# %% Off for a function
@torch.no_grad()
def average(values):
    return values.mean()


print(average(a))

# %% Cut off one tensor
# The same numbers in the same memory, but no way back: in the graph this edge is dashed.
e = b.detach()
loss = (b * e).sum()
loss.backward()

# e counts as a constant 2, so the derivative of 2a * 2 is 4. Had it not been cut off, it would be 8.
print(a.grad)

# %% Off for good
a.requires_grad = False
print(2 * a)
