# Writing through a view rewrites the history of the base, and the other way round.
import torch

x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
base = x * 1
view = base[1:3]
view *= 10
print(base, view)
print(base.grad_fn.name(), view.grad_fn.name())
(base * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
print(x.grad)
x.grad = None
base = x * 1
view = base.view(2, 2)
base.mul_(3)
print(view, view._version)
view.sum().backward()
print(x.grad)
x.grad = None
plain = torch.zeros(2, 4)
plain[0] = x
plain[1, 1:3] += x[:2]
print(plain, plain.requires_grad, plain.is_leaf)
(plain**2).sum().backward()
print(x.grad)
x.grad = None
matrix = torch.zeros(2, 2)
diagonal = matrix.diagonal()
diagonal.copy_(x[:2])
print(matrix, matrix.grad_fn.name())
matrix.sum().backward()
print(x.grad)
