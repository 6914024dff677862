# What cannot be differentiated, and what PyTorch says about it.
import torch

x = torch.ones(3, requires_grad=True)
attempts = {
    "not a scalar": lambda: (x * 2).backward(),
    "no graph": lambda: torch.ones(3).sum().backward(),
    "integers": lambda: torch.arange(3).sum().backward(),
    "under no_grad": lambda: no_grad_sum(x).backward(),
    "wrong shape": lambda: (x * 2).backward(torch.ones(2)),
    "not a tensor": lambda: (x * 2).backward([1.0, 1.0, 1.0]),
    "grad of a non-scalar": lambda: torch.autograd.grad(x * 2, x),
    "unused": lambda: torch.autograd.grad(x.sum(), [x, torch.ones(1, requires_grad=True)]),
    "input without grad": lambda: torch.autograd.grad(x.sum(), torch.ones(3)),
    "numpy": lambda: x.numpy(),
    "numpy of a result": lambda: (x * 2).numpy(),
    "retain_grad": lambda: torch.ones(1).retain_grad(),
    "hook": lambda: torch.ones(1).register_hook(print),
    "deepcopy": lambda: __import__("copy").deepcopy(x * 2),
}


@torch.no_grad()
def no_grad_sum(t):
    return t.sum()


for label, attempt in attempts.items():
    try:
        print(label, attempt())
    except Exception as error:
        print(f"{label}: {type(error).__name__}: {error}")
