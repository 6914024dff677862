# Adam, AdamW, RMSprop and Adagrad on the same narrow valley.
import torch


def descend(make):
    w = torch.tensor([2.0, -2.0], requires_grad=True)
    optimizer = make([w])
    for step in range(20):
        optimizer.zero_grad()
        loss = w[0] ** 2 + 10 * w[1] ** 2
        loss.backward()
        optimizer.step()
        if step % 5 == 4:
            print(step, f"{loss.item():.4f}", w.detach())
    return optimizer


descend(lambda p: torch.optim.Adam(p, lr=0.1))
descend(lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.5, 0.9), weight_decay=0.1))
descend(lambda p: torch.optim.Adam(p, lr=0.1, amsgrad=True))
descend(lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.1))
descend(lambda p: torch.optim.RMSprop(p, lr=0.1))
descend(lambda p: torch.optim.Adagrad(p, lr=0.5))
try:
    torch.optim.Adam([torch.ones(1, requires_grad=True)], betas=(1.5, 0.9))
except ValueError as error:
    print(error)
