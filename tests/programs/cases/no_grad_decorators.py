# The same switches as decorators of functions and methods.
import torch

x = torch.ones(2, 3, requires_grad=True)


@torch.no_grad()
def add(a, b):
    """Add without history."""
    return a + b


@torch.enable_grad()
def double(a):
    return a * 2


@torch.set_grad_enabled(False)
def triple(a):
    return a * 3


class Model:
    @torch.no_grad()
    def predict(self, a):
        return double(a), a + 1


@torch.no_grad
def bare(a):
    return a * 4


print(add(x, x))
print(add.__name__, add.__doc__)
print(torch.is_grad_enabled(), double(x).requires_grad)
print(Model().predict(x))
print(bare(x).requires_grad, torch.is_grad_enabled())
torch.set_grad_enabled(True)
print(triple(x).requires_grad, torch.is_grad_enabled())


@torch.no_grad()
def generate(a):
    for _ in range(2):
        yield (a * 2).requires_grad


print(list(generate(x)), torch.is_grad_enabled())
