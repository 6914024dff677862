# Who requires grad: leaves by request, results by inheritance.
import torch

a = torch.ones(2)
b = torch.ones(2, requires_grad=True)
c = a + b
print(a.requires_grad, b.requires_grad, c.requires_grad)
print(a.is_leaf, b.is_leaf, c.is_leaf, (a * 2).is_leaf)
a.requires_grad = True
print((a * 2).requires_grad, (a * 2).is_leaf, (a > 0).requires_grad, a.argmax().requires_grad)
a.requires_grad = False
print((a * 2).requires_grad)
print(a.requires_grad_() is a, a.requires_grad, a.requires_grad_(False).requires_grad)
for label, action in {
    "off for a result": lambda: setattr(c, "requires_grad", False),
    "on for a result": lambda: setattr(c, "requires_grad", True),
    "integers": lambda: torch.arange(3).requires_grad_(),
}.items():
    try:
        action()
    except RuntimeError as error:
        print(f"{label}: {error}")
d = c.detach()
print(d.requires_grad, d.is_leaf, d.grad_fn, c.data.requires_grad)
copy = torch.tensor(b.tolist(), requires_grad=True)
print(copy.is_leaf, b.clone().is_leaf, b.clone().requires_grad, b.detach().clone().requires_grad_().is_leaf)
c.sum().backward()
print(b.grad, a.grad, copy.grad)
