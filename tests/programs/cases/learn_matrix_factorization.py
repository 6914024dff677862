# Filling the gaps of a table from two thin matrices.
import torch

ratings = torch.tensor([[5.0, 3.0, 0.0, 1.0], [4.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 5.0], [0.0, 1.0, 5.0, 4.0]])
known = ratings > 0
torch.manual_seed(0)
users = (torch.rand(4, 2) * 0.5).requires_grad_()
items = (torch.rand(4, 2) * 0.5).requires_grad_()
optimizer = torch.optim.SGD([users, items], lr=0.02, momentum=0.5)
for step in range(201):
    predicted = users @ items.T
    loss = ((predicted - ratings)[known] ** 2).sum() + 0.02 * (users.norm() ** 2 + items.norm() ** 2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, f"{loss.item():.3f}", f"{users.grad.abs().max().item():.3f}")
print((users @ items.T).detach().round(decimals=1))
print(known.sum().item(), torch.where(known, (predicted - ratings).abs(), torch.zeros(())).max().item() < 0.5)
