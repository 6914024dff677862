# How large and many-dimensional tensors are laid out on the page.
import torch

print(torch.arange(30.0))
print(torch.arange(12.0).reshape(3, 4))
print(torch.arange(24).reshape(2, 3, 4))
print(torch.arange(16.0).reshape(2, 2, 2, 2) / 8)
print(torch.arange(2000.0))
print(torch.arange(10000).reshape(100, 100))
print(torch.zeros(1001, 2))
print(torch.zeros(2, 600))
print(torch.empty(0), torch.empty(3, 0), torch.empty(0, 2, dtype=torch.int64))
print(torch.ones(1, 1, 1))
print(torch.arange(45.0).reshape(3, 15) * 22.75)
