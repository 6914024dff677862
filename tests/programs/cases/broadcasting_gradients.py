# A value used many times by broadcasting gets the sum of the gradients.
import torch

scalar = torch.tensor(2.0, requires_grad=True)
row = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
column = torch.tensor([[10.0], [20.0]], requires_grad=True)
table = torch.arange(6.0).reshape(2, 3).requires_grad_()
y = scalar * row + column * table - row / column
print(y)
y.sum().backward()
for tensor in (scalar, row, column, table):
    print(tensor.shape, tensor.grad)
row.grad = None
(row + torch.zeros(4, 2, 3)).sum().backward()
print(row.grad)
one = torch.ones(1, requires_grad=True)
(one * torch.arange(4.0)).sum().backward()
print(one.grad)
row.grad = None
row.expand(5, 3).mean().backward()
print(row.grad)
(2 * scalar * torch.ones(2, 2)).sum().backward()
print(scalar.grad)
