# Helpers to find places in the graph.
import torch
from torch.autograd.graph import (
    Node, allow_mutation_on_saved_tensors, get_gradient_edge, increment_version, register_multi_grad_hook,
)

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x * 2
edge = get_gradient_edge(y)
print(edge.node.name(), edge.output_nr, isinstance(edge.node, Node), get_gradient_edge(x).node.name())
try:
    get_gradient_edge(torch.ones(2))
except RuntimeError as error:
    print(error)

a, b, c = (torch.tensor([float(k)], requires_grad=True) for k in (1, 2, 3))
handle = register_multi_grad_hook((a, b, c), lambda grads: print("all", grads))
(a * b).backward()
(a * b * c).backward()
handle.remove()
(a * b).backward()
once = register_multi_grad_hook((a, b), lambda grad: print("any", grad), mode="any")
(a * b).backward()
once.remove()

t = torch.ones(2)
increment_version(t)
increment_version([t, t])
print(t._version)
y = x * 1
z = y.sin()
increment_version(y)
try:
    z.sum().backward()
except RuntimeError as error:
    print(str(error)[:90])
with allow_mutation_on_saved_tensors():
    y = x * 1
    z = y.sin()
    y.mul_(100)
    z.sum().backward()
print(x.grad, x.cos())
