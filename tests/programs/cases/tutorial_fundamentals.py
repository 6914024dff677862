# The fundamentals, in one walk: tracing, the graph, training, accumulation, switching off, products.
import math

import torch

a = torch.linspace(0.0, 2.0 * math.pi, steps=25, requires_grad=True)
b = torch.sin(a)
c = 2 * b
d = c + 1
out = d.sum()
print(a, b, c, d, out, sep="\n")
node = d.grad_fn
while node:
    print(node.name().split("::")[-1], len(node.next_functions))
    node = node.next_functions[0][0] if node.next_functions else None
out.backward()
print(a.grad)
x = torch.ones(2, 3, requires_grad=True) * 2
y = torch.ones(2, 3, requires_grad=True) * 3
with torch.no_grad():
    hidden = x + y
print(x + y, hidden, x * y)
try:
    torch.sin_(a)
except RuntimeError as error:
    print(error)
with torch.autograd.profiler.profile(use_cuda=False) as prf:
    for _ in range(1000):
        x = (x / 1.5) * 1.5
print({row.key: row.count for row in prf.key_averages() if row.key in ("aten::div", "aten::mul")})
x = torch.tensor([-1.7, 0.7, -0.12], requires_grad=True)
y = x * 2
while y.data.norm() < 1000:
    y = y * 2
y.backward(torch.tensor([0.1, 1.0, 0.0001], dtype=torch.float))
print(y, x.grad)
inputs = (torch.tensor([0.1444, 0.1102, 0.3235]), torch.tensor([0.8794, 0.5872, 0.3938]))
print(torch.autograd.functional.jacobian(lambda x, y: 2 * x.exp() + 3 * y, inputs))
