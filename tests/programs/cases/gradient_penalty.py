# Training on a gradient: the penalty that keeps a critic's slope near one.
import torch

torch.manual_seed(0)
critic = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(critic.parameters(), lr=0.1)
points = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.5, -0.5], [-1.0, 0.25]])
for step in range(5):
    x = points.clone().requires_grad_(True)
    score = critic(x)
    (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
    penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
    optimizer.zero_grad(set_to_none=True)
    penalty.backward()
    optimizer.step()
    print(step, f"{penalty.item():.4f}", slope.norm(dim=1).detach())
print(critic[0].weight.grad)
print(critic[2].bias.grad)
