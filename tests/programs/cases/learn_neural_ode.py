# Learning the law of a spring from its path: gradients through an integrator.
import torch


def path(stiffness, friction, steps=40, dt=0.1):
    x, v, positions = torch.tensor(1.0), torch.tensor(0.0), []
    for _ in range(steps):
        v = v - dt * (stiffness * x + friction * v)
        x = x + dt * v
        positions.append(x)
    return torch.stack(positions)


target = path(torch.tensor(2.0), torch.tensor(0.3))
stiffness = torch.tensor(1.0, requires_grad=True)
friction = torch.tensor(0.0, requires_grad=True)
optimizer = torch.optim.Adam([stiffness, friction], lr=0.05)
for step in range(81):
    loss = (path(stiffness, friction) - target).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(f"{step}: loss {loss.item():.5f}, stiffness {stiffness.item():.3f}, friction {friction.item():.3f}")
print(target[:5], stiffness, friction)
