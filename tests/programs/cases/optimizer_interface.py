# Parameter groups, state, closures, schedulers and what goes wrong.
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))
optimizer = torch.optim.SGD(
    [{"params": net[0].parameters()}, {"params": net[1].parameters(), "lr": 1e-3}], lr=0.1, momentum=0.9
)
print(optimizer)
print(len(optimizer.param_groups), [group["lr"] for group in optimizer.param_groups])
net(torch.ones(1, 1)).sum().backward()
optimizer.step()
print(optimizer.state[net[1].bias]["momentum_buffer"])
optimizer.zero_grad(set_to_none=False)
print(net[1].bias.grad)
optimizer.zero_grad(set_to_none=True)
print(net[1].bias.grad)


def closure():
    optimizer.zero_grad()
    loss = net(torch.ones(1, 1)).pow(2).sum()
    loss.backward()
    return loss


print(optimizer.step(closure))
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
for _ in range(4):
    optimizer.step()
    scheduler.step()
    print(
        [f"{group['lr']:.6f}" for group in optimizer.param_groups],
        [f"{lr:.6f}" for lr in scheduler.get_last_lr()],
    )
print(sorted(optimizer.state_dict()), torch.optim.Adam([torch.zeros(1, requires_grad=True)]))
for wrong in ([], torch.ones(1), [1.0], [torch.ones(1, requires_grad=True) * 2]):
    try:
        torch.optim.SGD(wrong, lr=0.1)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
