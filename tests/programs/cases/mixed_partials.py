# Laplacian, mixed derivatives and a check of the heat equation.
import torch


def u(x, t):
    return torch.exp(-t) * torch.sin(x)


x = torch.linspace(0.0, 3.0, 5, requires_grad=True)
t = torch.full((5,), 0.5, requires_grad=True)
value = u(x, t)
u_t, u_x = torch.autograd.grad(value.sum(), (t, x), create_graph=True)
(u_xx,) = torch.autograd.grad(u_x.sum(), x, create_graph=True)
(u_xt,) = torch.autograd.grad(u_x.sum(), t)
print(value, u_t, u_x, u_xx, u_xt, sep="\n")
print(torch.allclose(u_t, u_xx), (u_t - u_xx).abs().max().item() < 1e-6)
p = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
f = p.prod() + (p**3).sum()
(g,) = torch.autograd.grad(f, p, create_graph=True)
rows = [torch.autograd.grad(g[i], p, retain_graph=True)[0] for i in range(3)]
H = torch.stack(rows)
print(H, H.trace(), torch.equal(H, H.T))
v = torch.tensor([1.0, 0.0, -1.0])
print(torch.allclose(torch.autograd.grad(g @ v, p)[0], H @ v), H @ v)
