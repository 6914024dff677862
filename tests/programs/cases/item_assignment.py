# Writing into a tensor: numbers, slices, masks, and what the gradient sees.
import torch

x = torch.zeros(3, 4)
x[0, 1] = 5.0
x[1] = torch.arange(4.0)
x[:, 3] = -1
x[2, 0:2] = torch.tensor([7.0, 8.0])
print(x)
x[x < 0] = 9.0
x[[0, 1], [0, 0]] = torch.tensor([0.5, 0.25])
x[...] += 1
print(x)
a = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = a * 2
y[0] = 10.0
print(y, y._version)
y[1:] = a[1:] ** 2
print(y, y._version)
y.sum().backward()
print(a.grad)
rows = torch.zeros(2, 3)
rows[1] = a
print(rows)
(rows * torch.tensor([[1.0], [4.0]])).sum().backward()
print(a.grad)
for label, action in {
    "leaf": lambda: a.__setitem__(0, 1.0),
    "shape": lambda: x.__setitem__(0, torch.ones(3)),
    "range": lambda: x.__setitem__(7, 1.0),
}.items():
    try:
        action()
    except Exception as error:
        print(f"{label}: {type(error).__name__}: {error}")
