# Gradients add up until someone clears them.
import torch

w = torch.tensor([1.0, 2.0], requires_grad=True)
for step in range(3):
    (w * w).sum().backward()
    print(step, w.grad)
w.grad.zero_()
print(w.grad)
(3 * w).sum().backward()
print(w.grad)
w.grad = None
(3 * w).sum().backward()
print(w.grad)
g = w.grad
(3 * w).sum().backward()
print(g is w.grad, g)
w.grad = torch.tensor([100.0, 200.0])
w.sum().backward()
print(w.grad)
try:
    w.grad = torch.ones(3)
except RuntimeError as error:
    print(error)
try:
    w.grad = 1.0
except TypeError as error:
    print(error)
