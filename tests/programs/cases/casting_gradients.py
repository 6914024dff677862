# Gradients come back in the type of the tensor they belong to.
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
d = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
y = x * d
print(y, y.dtype)
y.sum().backward()
print(x.grad, x.grad.dtype, d.grad, d.grad.dtype)
x.grad = None
z = x.double() ** 2
print(z, z.grad_fn.name())
z.sum().backward()
print(x.grad, x.grad.dtype)
x.grad = None
print((x * torch.tensor([2, 3])).dtype, x.to(torch.float64).grad_fn.name(), x.float() is x)
(x * torch.tensor([True, False])).sum().backward()
print(x.grad)
print(x.long(), x.long().requires_grad, x.int().dtype, (x > 1).float().requires_grad)
torch.set_default_dtype(torch.float64)
print(torch.ones(2), torch.tensor(1.5).dtype, torch.rand(1).dtype)
torch.set_default_dtype(torch.float32)
print(torch.ones(2).dtype, (torch.tensor(1.0) * 2**0.5).item() == 2**0.5)
