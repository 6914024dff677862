# Cutting a tensor out of its history.
import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x**2
d = y.detach()
print(y, d, d.requires_grad, d.is_leaf)
(y * d).sum().backward()
print(x.grad)
d[0] = 100.0
print(y)
print(x.data, x.data.requires_grad, x.detach().numpy(), x.detach().numpy().dtype)
x.data = torch.tensor([7.0, 8.0, 9.0])
print(x, x.is_leaf)
w = torch.tensor([1.0], requires_grad=True)
w.data -= 0.1 * torch.tensor([2.0])
print(w, w._version)
c = x.clone().detach().requires_grad_(True)
c.sum().backward()
print(c.grad, x.grad)
z = x * 2
print(z.detach_() is z, z.requires_grad, z.grad_fn, z.is_leaf)
print(x.item() if x.numel() == 1 else x.tolist(), x.detach().tolist())
stopped = (x * x.detach()).sum()
print(torch.autograd.grad(stopped, x))
print(torch.equal(torch.as_tensor(d), d), torch.from_numpy(d.numpy()).dtype)
