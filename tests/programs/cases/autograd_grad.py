# autograd.grad returns gradients instead of storing them.
import torch
from torch.autograd import grad

x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([3.0, 4.0], requires_grad=True)
y = (x * w).sum()
print(grad(y, x, retain_graph=True))
print(grad(y, [x, w]))
print(x.grad, w.grad)
z = x**3
print(grad(z, x, grad_outputs=torch.tensor([1.0, 10.0])))
print(grad([x.sum(), (w * x).sum()], [x, w]))
print(grad((x * 2, w * 3), (x, w), grad_outputs=(torch.ones(2), torch.tensor([1.0, 2.0]))))
unused = torch.zeros(1, requires_grad=True)
print(grad(x.sum(), [x, unused], allow_unused=True))
print(grad(x.sum(), [x, unused], materialize_grads=True))
middle = x * 2
out = (middle**2).sum()
print(grad(out, middle, retain_graph=True), grad(out, x))
for label, attempt in {
    "unused": lambda: grad(x.sum(), [x, unused]),
    "shape": lambda: grad(x * 2, x, grad_outputs=torch.ones(3)),
    "count": lambda: grad([x.sum(), w.sum()], x, grad_outputs=[torch.tensor(1.0)]),
}.items():
    try:
        attempt()
    except Exception as error:
        print(f"{label}: {type(error).__name__}: {error}")
