"""Where the time goes. The profiler counts and times every operation, forwards and backwards.

Section: The autograd profiler.
"""

# %% A thousand divisions and products
import torch

torch.manual_seed(0)
# Close to 1, so that a thousand rounds neither overflow nor vanish.
x = (1 + torch.rand(2, 3) / 1000).requires_grad_()
y = (1 + torch.rand(2, 3) / 1000).requires_grad_()
z = torch.ones(2, 3, requires_grad=True)

with torch.autograd.profiler.profile() as timing:
    for _ in range(1000):
        z = (z / x) * y

print(timing.key_averages().table(sort_by="self_cpu_time_total"))

# %% Labels for parts of a program
a = torch.randn(64, 64, requires_grad=True)
b = torch.randn(64, 256, requires_grad=True)

with torch.autograd.profiler.profile(record_shapes=True) as timing:
    with torch.autograd.profiler.record_function("forward"):
        loss = (a @ b).tanh().mean() + (a @ a).tanh().mean()
    with torch.autograd.profiler.record_function("backward"):
        loss.backward()

# %% The same operation, told apart by the shapes it met
# Four times the columns should cost about four times as much.
print(timing.key_averages(group_by_input_shape=True).table(sort_by="cpu_time_total", row_limit=12))
