# The gradient of a landscape at many points at once, and one ball rolling down.
import torch


def height(p):
    return torch.sin(p[..., 0]) * torch.cos(p[..., 1]) + 0.1 * (p**2).sum(-1)


grid = torch.cartesian_prod(torch.linspace(-2, 2, 3), torch.linspace(-2, 2, 3)).requires_grad_()
(field,) = torch.autograd.grad(height(grid).sum(), grid)
print(torch.cat([grid, field], dim=1))
ball = torch.tensor([1.5, 1.0], requires_grad=True)
velocity = torch.zeros(2)
for step in range(60):
    h = height(ball)
    (g,) = torch.autograd.grad(h, ball)
    velocity = 0.8 * velocity - 0.1 * g
    ball = (ball + velocity).detach().requires_grad_()
    if step % 20 == 0:
        print(step, ball.detach(), f"{h.item():.4f}")
print(f"{height(ball).item():.4f}", ball.is_leaf)
