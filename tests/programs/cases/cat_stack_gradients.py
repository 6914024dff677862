# Joining and cutting tensors: each piece gets its own part of the gradient.
import torch

a = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor([3.0, 4.0, 5.0], requires_grad=True)
joined = torch.cat([a, b, a])
print(joined)
(joined * torch.arange(7.0)).sum().backward()
print(a.grad, b.grad)
a.grad = b.grad = None
stacked = torch.stack([a, b[:2]], dim=1)
print(stacked)
(stacked * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
print(a.grad, b.grad)
x = torch.arange(6.0, requires_grad=True)
left, middle, right = x.split([1, 2, 3])
print(left, middle, right)
(left.sum() + 2 * middle.sum() + 3 * right.sum()).backward()
print(x.grad)
x.grad = None
parts = torch.arange(6.0).mul(x).unbind()
parts[4].backward()
print(x.grad)
for tensors, dim in [((torch.ones(2, 3), torch.ones(3, 2)), 0), ((torch.ones(2), torch.ones(2, 2)), 0)]:
    try:
        torch.cat(tensors, dim=dim)
    except RuntimeError as error:
        print(error)
try:
    torch.stack([torch.ones(2), torch.ones(3)])
except RuntimeError as error:
    print(error)
