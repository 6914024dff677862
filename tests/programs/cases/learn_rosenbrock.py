# Walking down the banana valley with three optimizers.
import torch


def rosenbrock(p):
    x, y = p
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


for name, options in {
    "SGD": {"lr": 0.001},
    "SGD momentum": {"lr": 0.0005, "momentum": 0.9},
    "Adam": {"lr": 0.05},
}.items():
    p = torch.tensor([-1.5, 2.0], requires_grad=True)
    optimizer = (torch.optim.Adam if name == "Adam" else torch.optim.SGD)([p], **options)
    for step in range(201):
        optimizer.zero_grad()
        value = rosenbrock(p)
        value.backward()
        if step % 50 == 0:
            print(f"{name} {step}: f = {value.item():.4f}, gradient norm {p.grad.norm().item():.3f}")
        optimizer.step()
    print(p)
